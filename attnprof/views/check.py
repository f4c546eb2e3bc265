"""A check as a document: each module against each limit, at the point where it stands worst."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from attnprof.choosing.budget import Budget, show_budget
from attnprof.choosing.candidates import Candidate
from attnprof.choosing.judging import Verdict, counts
from attnprof.views.document import Document, Remark, TableCell, TableColumn
from attnprof.views.verdicts import broken, excess

SCHEMA = 1


@dataclass(frozen=True)
class Check:
    """Every candidate with one verdict per limit. unjudged: limits of the budget that need measuring."""

    file: str
    budget: Budget
    unjudged: Budget
    points: Sequence[str]
    judged: Sequence[tuple[Candidate, Sequence[Verdict]]]
    remarks: Sequence[str] = ()  # how modules of the user's were called, and what they give

    @property
    def holds(self) -> bool:
        """Whether every module keeps every limit."""
        return not self.broken

    @property
    def broken(self) -> list[tuple[Candidate, Verdict]]:
        """What does not hold, the worst first."""
        pairs = [(candidate, v) for candidate, verdicts in self.judged for v in verdicts if not v.holds]
        return sorted(pairs, key=lambda each: each[1].ratio, reverse=True)

    def says(self, verdict: Verdict) -> str:
        """A broken limit in words."""
        return broken([verdict], self.points) + (f" is {excess(verdict)}" if verdict.span else "")

    @property
    def caption(self) -> list[str]:
        """What was judged, and what was not."""
        lines = [f"{self.file}: {show_budget(self.budget)} at {', '.join(self.points)}"]
        if self.unjudged:
            reasons = [
                f"{limit} ({'--measure' if limit.measure.column else 'published'})" for limit in self.unjudged
            ]
            lines.append(f"not judged, being no count: {', '.join(reasons)}")
        return lines

    @property
    def outcome(self) -> str:
        """The last line."""
        modules = len(self.judged)
        over = len({candidate.name for candidate, _ in self.broken})
        return (
            f"{over} of {modules} modules over the budget"
            if over
            else f"the budget holds for all of {modules} modules"
        )


HEADER = ("module", "variant", "limit", "holds", "value", "at", "why")


def document(check: Check) -> Document:
    """One row per module, one column per limit."""
    columns = [TableColumn("module", "module", right=False)]
    columns += [TableColumn(str(limit), str(limit), limit.measure.kind, 90) for limit in check.budget]
    columns.append(TableColumn("verdict", "verdict", right=False))
    return Document(
        columns=columns,
        rows=[_row(check, candidate, verdicts) for candidate, verdicts in check.judged],
        above=[Remark(line) for line in check.caption],
        below=[*check.remarks, check.outcome],
        header=HEADER,
        records=partial(_records, check),
        data=partial(_data, check),
    )


def _row(check: Check, candidate: Candidate, verdicts: Sequence[Verdict]) -> list[TableCell]:
    broken_limits = [check.says(verdict) for verdict in verdicts if not verdict.holds]
    figures = [TableCell(_value(verdict)) for verdict in verdicts]
    return [TableCell(candidate.name), *figures, TableCell("; ".join(broken_limits) or "holds")]


def _value(verdict: Verdict) -> float | None:
    """The end of the interval that counts against the module."""
    return counts(verdict.span, verdict.limit.measure) if verdict.span else None


def _data(check: Check) -> dict[str, Any]:
    """One object for programs."""
    return {
        "schema": SCHEMA,
        "holds": check.holds,
        "budget": [str(limit) for limit in check.budget],
        "not_judged": [str(limit) for limit in check.unjudged],
        "points": list(check.points),
        "modules": [
            {
                "module": each.module,
                "variant": each.variant,
                "limits": [_fields(verdict) for verdict in verdicts],
            }
            for each, verdicts in check.judged
        ],
    }


def _records(check: Check) -> list[dict[str, Any]]:
    """One record per module and limit."""
    return [
        {
            "module": each.module,
            "variant": each.variant,
            **_fields(verdict),
            "holds": str(verdict.holds).lower(),
        }
        for each, verdicts in check.judged
        for verdict in verdicts
    ]


def _fields(verdict: Verdict) -> dict[str, Any]:
    return {
        "limit": str(verdict.limit),
        "holds": verdict.holds,
        "value": _value(verdict),
        "at": verdict.point,
        "why": verdict.why,
    }
