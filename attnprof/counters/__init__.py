"""Other counters, shown as cross-check columns: one per file, each exporting COUNTER."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attnprof.registry import Registry

COUNTERS = Registry("attnprof.counters", "COUNTER", "counter")

# Kinds of work. EXTRA is work that a counter adds to its MACs and that is no multiply-accumulate.
CONVOLUTION, PRODUCT, ATTENTION, EXTRA = "convolution", "product", "attention", "extra"


@dataclass(frozen=True)
class CountedPart:
    """One part of another counter's figure."""

    what: str  # the counter's own name for it: an operator or a class of modules
    macs: int
    kind: str  # CONVOLUTION, PRODUCT, ATTENTION or EXTRA
    where: str | None = None  # path of the submodule; None where the counter does not say
    why: str = ""  # of an EXTRA: the counter's rule, in words


@dataclass(frozen=True)
class Discrepancy:
    """MACs of one kind, in one submodule, that the counter and we count differently."""

    kind: str
    macs: int  # the counter's figure less ours
    operators: Sequence[str]  # names of our operators of that kind there
    owner: str = ""  # class of the submodule
    unseen: Sequence[str] = ()  # operators that the counter met without a rule


@dataclass(frozen=True)
class Breakdown:
    """A counter's figure in parts that add up to it."""

    counted: tuple[CountedPart, ...]
    unseen: tuple[str, ...] = ()  # operators that the counter met without a rule, by its own names


@dataclass(frozen=True)
class Counter:
    """Another counter.

    Without ``breakdown`` and ``why`` a difference is shown and not explained. Tables read the
    title: a file that imports torch only inside its functions keeps them fast.
    """

    # f(module, x), or f(module, x, y) of one that takes two maps: the figure. All are copies, which it may
    # damage. An exception becomes a note.
    count: Callable[..., int]
    computes: bool  # it runs the module on the CPU; else on the meta device, where no value is read
    breakdown: Callable[..., Breakdown] | None = None  # the same figure in parts
    why: Callable[[Discrepancy], str] | None = None  # the rule behind a difference, in words; '' for none
    title: str = ""  # where the file's name is not enough
    help: str = ""  # one line on its figure
