"""Another counter beside ours: its figure, and the reasons why the two differ."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from attnprof.counters import (
    ATTENTION,
    CONVOLUTION,
    COUNTERS,
    EXTRA,
    PRODUCT,
    Breakdown,
    CountedPart,
    Counter,
    Discrepancy,
)
from attnprof.counting import Operator
from attnprof.explaining.explanation import CounterDifference, CounterReport, plain
from attnprof.records.case import Case
from attnprof.subject.counts import count_with, module_and_account


@dataclass(frozen=True)
class _Group:
    """MACs are compared by submodule and by kind of operator."""

    submodule: str | None  # its path; None where the counter does not say
    kind: str  # CONVOLUTION, PRODUCT or ATTENTION


@dataclass
class _Reason:
    """What one rule adds or leaves out."""

    macs: int = 0
    operators: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)  # classes of the submodules that ran the operators

    def add(self, macs: int, operators: list[str], owner: str = "") -> None:
        self.macs += macs
        self.operators += operators
        self.owners += [owner] if owner else []

    @property
    def what(self) -> str:
        operators = ", ".join(dict.fromkeys(self.operators))
        owners = ", ".join(dict.fromkeys(self.owners))
        return f"{operators} in {owners}" if owners else operators


def compare(name: str, case: Case) -> CounterReport:
    """A counter's figure for one forward pass of ``case`` in eval and fp32, and why it is not ours.

    A counter that fails gives a report whose note is the failure.
    """
    counter: Counter = COUNTERS.get(name)
    counted_case = replace(case, mode="eval", dtype="fp32", layout="contiguous")
    module, ours = module_and_account(counted_case)
    breakdowns: list[Breakdown] = []

    def count(module: torch.nn.Module, *maps: torch.Tensor) -> int:
        if counter.breakdown is None:
            return counter.count(module, *maps)
        breakdowns.append(counter.breakdown(module, *maps))
        return sum(part.macs for part in breakdowns[0].counted)

    macs = count_with(name, counted_case, ours.macs, replace(counter, count=count))
    title = counter.title or name
    if isinstance(macs, str):
        return CounterReport(title, None, macs.removeprefix(f"{name} "))
    if breakdowns:
        classes = {path: type(part).__name__ for path, part in module.named_modules()}
        reasons = differences(counter, breakdowns[0], ours.operators, classes)
        return CounterReport(title, macs, differences=tuple(reasons))
    if macs == ours.macs:
        return CounterReport(title, macs)
    return CounterReport(title, macs, differences=(CounterDifference(macs - ours.macs, "", ""),))


def differences(
    counter: Counter, theirs: Breakdown, ours: Sequence[Operator], classes: dict[str, str]
) -> list[CounterDifference]:
    """The reasons that lead from our figure to that of ``counter``, the largest first; they add up exactly.

    classes: of the submodules, by path.
    """
    operators = _grouped(ours, _has_paths(theirs))
    reasons: dict[str, _Reason] = defaultdict(_Reason)
    for part in theirs.counted:
        if part.kind == EXTRA:
            reasons[part.why].add(part.macs, [part.what])
    for group, macs in _balance(theirs.counted, operators).items():
        names = list(dict.fromkeys(plain(operator.name) for operator in operators.get(group, [])))
        owner = "" if group.submodule is None else classes.get(group.submodule, "")
        gap = Discrepancy(group.kind, macs, names, owner, theirs.unseen)
        why = counter.why(gap) if counter.why else ""
        reasons[why].add(macs, names or [group.kind], owner)
    return _listed(reasons)


def _has_paths(theirs: Breakdown) -> bool:
    """Whether the counter says of which submodule its MACs are; where it has none, nothing denies it."""
    return not theirs.counted or any(part.where is not None for part in theirs.counted)


def _grouped(ours: Sequence[Operator], has_paths: bool) -> dict[_Group, list[Operator]]:
    """Our operators that have MACs. has_paths: whether submodules are told apart."""
    groups: dict[_Group, list[Operator]] = defaultdict(list)
    for operator in ours:
        if operator.macs:
            groups[_Group(operator.module if has_paths else None, _kind(operator))].append(operator)
    return groups


def _listed(reasons: Mapping[str, _Reason]) -> list[CounterDifference]:
    """The reasons that change the figure, the largest first."""
    differences = [
        CounterDifference(reason.macs, reason.what, why) for why, reason in reasons.items() if reason.macs
    ]
    return sorted(differences, key=lambda difference: -abs(difference.macs))


def _balance(theirs: Sequence[CountedPart], ours: Mapping[_Group, Sequence[Operator]]) -> dict[_Group, int]:
    """The counter's MACs less ours, where the two differ."""
    balance: dict[_Group, int] = defaultdict(int)
    for group, operators in ours.items():
        balance[group] = -sum(operator.macs for operator in operators)
    for part in theirs:
        if part.kind != EXTRA:
            balance[_Group(part.where, part.kind)] += part.macs
    _settle_attention(balance)
    return {group: macs for group, macs in balance.items() if macs}


def _settle_attention(balance: dict[_Group, int]) -> None:
    """Attention that one side counts as one operator and the other as its products makes no difference but in
    what is left of both: in one submodule, as several may differ for several reasons."""
    for submodule in {group.submodule for group in balance}:
        attention, products = _Group(submodule, ATTENTION), _Group(submodule, PRODUCT)
        rest = balance[attention] + balance[products]
        is_opposed = balance[attention] * balance[products] < 0
        if is_opposed and (submodule is not None or rest == 0):
            balance[attention], balance[products] = rest, 0


def _kind(operator: Operator) -> str:
    if "convolution" in operator.name:
        return CONVOLUTION
    return ATTENTION if "attention" in operator.name else PRODUCT
