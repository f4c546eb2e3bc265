"""What is counted of a case: by us, and by other counters on a copy of their own."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

import torch
from torch import nn

from attnprof.catalogue import MODULES, entry
from attnprof.catalogue.user_location import is_path
from attnprof.counters import COUNTERS, Counter
from attnprof.counting import REAL, Account, UnreadableValueError, account, cost
from attnprof.errors import one_line
from attnprof.records.case import ELEMENT_BYTES, Case
from attnprof.records.record import Footprint
from attnprof.subject.build import DTYPES, build, built_so
from attnprof.subject.calling import TOKENS, Adapted, adapter_in, is_gate, sizes
from attnprof.subject.inputs import examples
from attnprof.subject.tracing import ShapesAlone
from attnprof.units import show_bytes

WITH_CONSTANTS = "reads values: built on the CPU, and counted from shapes and what it holds"
MOST_REAL_MACS = 20 * 10**9  # multiply-accumulates up to which a counter may run the module for real


_OF_ANY_SIZE: dict[Case, nn.Module] = {}
MOST_KEPT = 512  # more than the catalogue has variants: a grid comes back to each of them at every size


def _to_count(case: Case) -> nn.Module:
    """The case's module on meta. One of ours that does not have the size built in serves all sizes; a user's
    may keep anything of a size that it has met, and is built anew."""
    meta = torch.device("meta")
    if case.module not in MODULES or case.host or entry(case.module).needs_size(case.hyperparameters):
        return build(case, meta)
    key = replace(case, height=0, width=0)
    if key not in _OF_ANY_SIZE:
        if len(_OF_ANY_SIZE) == MOST_KEPT:
            _OF_ANY_SIZE.clear()
        _OF_ANY_SIZE[key] = build(case, meta)
    return _OF_ANY_SIZE[key]


class Counted(NamedTuple):
    """What is counted of a case."""

    account: Account
    flags: tuple[str, ...]  # of attnprof.records.record.FLAGS
    remarks: tuple[str, ...]  # how it was built and called, and what it gives: a sentence each


def count(case: Case) -> Counted:
    """The exact account of the case, on the meta device where it can be counted there."""
    train = case.mode == "train"
    how: tuple[str, ...] = ()
    try:
        module, counted = _by_shapes(case, backward=train)
    except UnreadableValueError:
        module, counted = _by_values(case, backward=train)
        how = () if counted.inputs == REAL else (WITH_CONSTANTS,)  # a flag tells of a real run
    sentences = remarks(case, module, counted.output_shape)
    return Counted(counted, _flags(case, module, counted), (*sentences, *how))


def module_and_account(case: Case, **options: Any) -> tuple[nn.Module, Account]:
    """The case's module and its account, as ``count`` makes it. options: of ``account``."""
    try:
        return _by_shapes(case, **options)
    except UnreadableValueError:
        return _by_values(case, **options)


def account_by_shapes(case: Case) -> Account:
    """The account of the case, of which nothing is computed. Raises UnreadableValueError."""
    return _by_shapes(case, backward=case.mode == "train")[1]


def _by_shapes(case: Case, **options: Any) -> tuple[nn.Module, Account]:
    module = _to_count(case)
    return module, account(module, case.shape, DTYPES[case.dtype], maps=case.maps, **options)


def _by_values(case: Case, **options: Any) -> tuple[nn.Module, Account]:
    module = build(case, torch.device("cpu"))
    return module, cost(module, (case.shape,) * case.maps, dtype=DTYPES[case.dtype], **options)


def _flags(case: Case, module: nn.Module, counted: Account) -> tuple[str, ...]:
    flags: list[str] = []
    if counted.inputs == REAL:
        flags.append("real-run")
    if counted.unknown_ops:
        flags.append("incomplete")
    if (adapter := adapter_in(module)) and adapter.calling.layout == TOKENS:
        flags.append("tokens")
    if _is_users(case) and counted.output_shape != case.shape:
        flags.append("other-shape")
    return tuple(flags)


def remarks(case: Case, module: nn.Module, output_shape: tuple[int, ...]) -> tuple[str, ...]:
    """What there is to say of a module of the user's: how it was built and called, and what it gives."""
    if not is_path(case.module):
        return ()
    if case.host:
        return _remarks_of_first(module)
    adapter = adapter_in(module)
    called = adapter.remarks if adapter else ()
    return *built_so(case), *called, *_remarks_on_answer(case.shape, output_shape)


def _remarks_of_first(network: nn.Module) -> tuple[str, ...]:
    """How the first of the user's modules in ``network`` is called."""
    remarks = [part.remarks for part in network.modules() if isinstance(part, Adapted)]
    place = "at the first place: " if len(remarks) > 1 else ""
    return tuple(f"{place}{remark}" for remark in remarks[0]) if remarks else ()


def _is_users(case: Case) -> bool:
    return is_path(case.module) and not case.host


def _remarks_on_answer(shape: tuple[int, ...], output_shape: tuple[int, ...]) -> Iterator[str]:
    """That a module gives no map of ``shape``."""
    if output_shape == shape:
        return
    if not output_shape:
        yield "gives no tensor"
    elif is_gate(shape, output_shape):
        yield f"gives {sizes(output_shape)}: a gate, not applied; gate=true multiplies the map by it"
    else:
        yield f"gives {sizes(output_shape)}"


def footprint(case: Case, account: Account) -> Footprint:
    """What one call of the case needs."""
    size = ELEMENT_BYTES[case.dtype]
    largest = max(account.calls, key=lambda operator: prod(operator.out_shape), default=None)
    words = ""
    if largest is not None:
        extents = "x".join(map(str, largest.out_shape))
        words = f"{extents}, is {show_bytes(prod(largest.out_shape) * size)}"
    weights = (account.params + account.buffers) * size
    return Footprint(account.macs, account.activation_memory, weights, words)


def count_with(name: str, case: Case, macs: int, counter: Counter | None = None) -> int | str:
    """What the counter ``name`` counts on a copy of its own, or why it gives nothing. macs: our count.

    counter: used in place of the registered one.
    """
    counter = counter or COUNTERS.get(name)
    # Counters see a copy in eval mode and fp32: some of their hooks and tracers handle nothing else.
    plain = replace(case, mode="eval", dtype="fp32", layout="contiguous", autocast="", execution="eager")
    if not counter.computes:
        with suppress(Exception):  # a forward pass that reads values has none on meta
            maps = [torch.empty(plain.shape, device="meta") for _ in range(plain.maps)]
            return _count_of(counter, plain, maps)
    if macs > MOST_REAL_MACS:
        return f"{name} not asked: it would compute {macs} MACs for real"
    try:
        return _count_of(counter, plain, examples(plain, torch.device("cpu")))
    except ImportError as problem:
        return f"{name} is not installed ({problem})"
    except Exception as problem:  # noqa: BLE001 # a counter may raise anything: its failure is a note
        return f"{name} failed: {type(problem).__name__}: {one_line(problem)}"[:200]


def _count_of(counter: Counter, case: Case, maps: Sequence[torch.Tensor]) -> int:
    """The counter's figure for the case, built where ``maps`` are."""
    module = build(case, maps[0].device)
    # The mode's base class has no annotations.
    with torch.no_grad(), ShapesAlone() if maps[0].is_meta else nullcontext():  # type: ignore[no-untyped-call]
        return int(counter.count(module, *maps))
