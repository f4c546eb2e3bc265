"""Another counter beside ours: its figure, and the difference taken apart by what each of the two counted."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

import torch

from attnprof.counters import ATTENTION, CONVOLUTION, COUNTERS, EXTRA, PRODUCT, Breakdown, Counter, Missed
from attnprof.counting import Operator, account
from attnprof.explaining.explanation import Difference, Says, plain
from attnprof.records.case import Case
from attnprof.subject.build import build
from attnprof.subject.counts import ask_peer


@dataclass
class _Reason:
    """What one rule adds or leaves out, of which operators, issued by which classes of submodules."""

    macs: int = 0
    operators: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)

    def add(self, macs: int, operators: list[str], owner: str = "") -> None:
        self.macs += macs
        self.operators += operators
        self.owners += [owner] if owner else []

    @property
    def what(self) -> str:
        names, owners = (", ".join(dict.fromkeys(each)) for each in (self.operators, self.owners))
        return f"{names} in {owners}" if owners else names


_Key = tuple[str | None, str]  # submodule, None where the counter does not tell, and kind


def compare(counter: str, case: Case) -> Says:
    """What ``counter`` says of one forward pass of ``case`` in eval, in fp32, and why that is not our figure.

    Its failure is a note.
    """
    peer: Counter = COUNTERS.get(counter)
    plain = replace(case, mode="eval", dtype="fp32", layout="contiguous")
    module = build(plain, torch.device("meta"))
    ours = account(module, plain.shape)
    classes = {path: type(part).__name__ for path, part in module.named_modules()}
    taken_apart: list[Breakdown] = []

    def count(module: torch.nn.Module, x: torch.Tensor) -> int:
        if peer.breakdown is None:
            return peer.count(module, x)
        taken_apart.append(peer.breakdown(module, x))
        return sum(part.macs for part in taken_apart[0].counted)

    answer = ask_peer(counter, plain, ours.macs, replace(peer, count=count))
    title = peer.title or counter
    if isinstance(answer, str):
        return Says(title, None, answer.removeprefix(f"{counter} "))
    if not taken_apart:
        unexplained = (Difference(answer - ours.macs, "", ""),) if answer != ours.macs else ()
        return Says(title, answer, differences=unexplained)
    return Says(title, answer, differences=tuple(differences(peer, taken_apart[0], ours.operators, classes)))


def differences(
    peer: Counter, theirs: Breakdown, ours: "tuple[Operator, ...]", classes: dict[str, str]
) -> list[Difference]:
    """What leads from our figure to that of ``peer``, the largest first; the sum is the difference, to the digit.

    classes: of the submodules, by path.
    """
    found: dict[str, _Reason] = defaultdict(_Reason)
    for part in theirs.counted:
        if part.kind == EXTRA:
            found[part.why].add(part.macs, [part.what])
    places = any(part.where is not None for part in theirs.counted) or not theirs.counted
    names: dict[_Key, list[str]] = defaultdict(list)
    balance: dict[_Key, int] = defaultdict(int)
    for operator in ours:
        if operator.macs:
            key = (operator.module if places else None, _kind(operator))
            balance[key] -= operator.macs
            names[key] = list(dict.fromkeys([*names[key], plain(operator.name)]))
    for part in theirs.counted:
        if part.kind != EXTRA:
            balance[part.where, part.kind] += part.macs
    _settle(balance)
    for (where, kind), macs in balance.items():
        if macs:
            operators = names[where, kind]
            owner = classes.get(where, "") if where is not None else ""
            missed = Missed(kind, macs, operators, owner, theirs.unseen)
            found[peer.why(missed) if peer.why else ""].add(macs, operators or [kind], owner)
    listed = [Difference(reason.macs, reason.what, why) for why, reason in found.items() if reason.macs]
    return sorted(listed, key=lambda each: -abs(each.macs))


def _settle(balance: dict[_Key, int]) -> None:
    """Attention that one of the two met in one piece and the other as its products makes no difference."""
    for where in {where for where, _ in balance}:
        if balance[where, ATTENTION] == -balance[where, PRODUCT]:
            balance[where, ATTENTION] = balance[where, PRODUCT] = 0


def _kind(operator: Operator) -> str:
    if "convolution" in operator.name:
        return CONVOLUTION
    return ATTENTION if "attention" in operator.name else PRODUCT
