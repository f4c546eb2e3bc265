"""A check as a document: each module against each limit, at the point where it stands worst."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from attnprof.choosing.budget import Budget, show_budget
from attnprof.choosing.candidates import Candidate
from attnprof.choosing.judging import Verdict, counts
from attnprof.comparison.counts import CHANGED
from attnprof.views.count_changes import HeldTo, fields, says
from attnprof.views.count_changes import document as changes_document
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
    held: HeldTo | None = None  # to a file of counts, where one was named
    cells: Sequence[str] = ()  # what was counted

    @property
    def holds(self) -> bool:
        """Whether every module keeps every limit, and no count changed."""
        return not self.broken and not (self.held and self.held.changed)

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
        budget = show_budget(self.budget) or "no budget"
        lines = [f"{self.file}: {budget} at {', '.join(self.points)}"]
        if self.unjudged:
            reasons = [
                f"{limit} ({'--measure' if limit.measure.column else 'published'})" for limit in self.unjudged
            ]
            lines.append(f"not judged, being no count: {', '.join(reasons)}")
        return lines

    @property
    def outcome(self) -> str:
        """The last line on the budget; empty without one."""
        modules = len(self.judged)
        if not self.budget:
            return ""
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
        columns=columns if check.budget else (),
        rows=[_row(check, candidate, verdicts) for candidate, verdicts in check.judged],
        above=[Remark(line) for line in check.caption],
        parts=[changes_document(check.held)] if check.held else [],
        below=list(filter(None, [*check.remarks, check.outcome])),
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
    held = check.held
    against = {"against": held.file, "changes": list(map(fields, held.changes))} if held else {}
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
        **against,
    }


def _records(check: Check) -> list[dict[str, Any]]:
    """One record per module and limit, and one per change of a count."""
    return [*_of_limits(check), *_of_changes(check)]


def _of_changes(check: Check) -> list[dict[str, Any]]:
    changes = check.held.changes if check.held else ()
    return [
        {
            "module": change.cell.partition("@")[0],
            "limit": f"{change.count or 'cell'} as in {check.held.file}" if check.held else "",
            "holds": str(change.verdict != CHANGED).lower(),
            "value": change.now,
            "at": change.cell.partition("@")[2],
            "why": says(change),
        }
        for change in changes
    ]


def _of_limits(check: Check) -> list[dict[str, Any]]:
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
