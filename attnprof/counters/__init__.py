"""Other counters, kept as cross-check columns: one per file, each exporting COUNTER."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnprof.registry import Registry

if TYPE_CHECKING:
    import torch
    from torch import nn

COUNTERS = Registry("attnprof.counters", "COUNTER", "counter")

# What MACs are of. A counter's figure for anything else is an extra: work that is no multiply-accumulate
# here.
CONVOLUTION, PRODUCT, ATTENTION, EXTRA = "convolution", "product", "attention", "extra"


@dataclass(frozen=True)
class CountedPart:
    """One part of another counter's figure. what: its own word for it. kind: CONVOLUTION, PRODUCT, ATTENTION or EXTRA.

    where: path of the submodule, None where the counter does not tell. why: for an extra, the rule in words.
    """

    what: str
    macs: int
    kind: str
    where: str | None = None
    why: str = ""


@dataclass(frozen=True)
class Discrepancy:
    """MACs that we and the counter do not count alike. macs: its figure less ours, of one kind at one place.

    operators: ours of that kind there, by name. owner: class of the submodule that issued them.
    unseen: operators that the counter says it met and has no rule for.
    """

    kind: str
    macs: int
    operators: Sequence[str]
    owner: str = ""
    unseen: Sequence[str] = ()


@dataclass(frozen=True)
class Breakdown:
    """A counter's figure in parts, whose sum it is; and operators that it met and has no rule for, by its own names."""

    counted: tuple[CountedPart, ...]
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counter:
    """Another counter. computes: it runs the module for real on the CPU; otherwise it counts on the meta device.

    count: its figure for a module and an input. Both are thrown away afterwards, so it may damage them. It
    may raise anything: whoever calls it turns that into a note. breakdown: the same figure in parts; why: the
    rule behind a difference, in words. Without them a difference is shown and not explained. title: what it
    is called where its file's name is not enough. help: one line on its figure. A file that imports torch
    only inside its functions keeps tables, which ask for the title, fast.
    """

    count: "Callable[[nn.Module, torch.Tensor], int]"
    computes: bool
    breakdown: "Callable[[nn.Module, torch.Tensor], Breakdown] | None" = None
    why: Callable[[Discrepancy], str] | None = None
    title: str = ""
    help: str = ""
