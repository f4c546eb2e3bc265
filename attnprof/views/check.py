"""A check as people and programs read it: each module against each limit, at the point where it stands worst."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from attnprof.choosing.budget import Budget, show_budget
from attnprof.choosing.candidates import Candidate
from attnprof.choosing.judging import Verdict, counts
from attnprof.results.columns import Column
from attnprof.results.table import safe_text
from attnprof.views.choice import broken, excess
from attnprof.views.sheet import Sheet

SCHEMA = 1


@dataclass(frozen=True)
class Check:
    """Every candidate with one verdict per limit. unjudged: limits of the budget that need measuring."""

    file: str
    budget: Budget
    unjudged: Budget
    points: Sequence[str]
    judged: Sequence[tuple[Candidate, Sequence[Verdict]]]

    @property
    def holds(self) -> bool:
        """Whether every module keeps every limit."""
        return not self.broken

    @property
    def broken(self) -> list[tuple[Candidate, Verdict]]:
        """What does not hold, the worst first."""
        found = [(candidate, v) for candidate, verdicts in self.judged for v in verdicts if not v.holds]
        return sorted(found, key=lambda each: each[1].ratio, reverse=True)

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


def sheet_of(check: Check) -> Sheet:
    """One row per module, one column per limit."""
    columns = [Column("module", "module", 100, lambda row: "", right=False)]
    columns += [Column(str(limit), str(limit), 90, lambda row: "") for limit in check.budget]
    columns.append(Column("verdict", "", 100, lambda row: "", right=False))
    cells = []
    for candidate, verdicts in check.judged:
        wrong = [check.says(verdict) for verdict in verdicts if not verdict.holds]
        cells.append([candidate.name, *map(_figure, verdicts), "; ".join(wrong) or "holds"])
    return Sheet(columns, cells, [])


def _figure(verdict: Verdict) -> str:
    measure = verdict.limit.measure
    return measure.show(counts(verdict.span, measure)) if verdict.span else ""


def as_json(check: Check) -> str:
    """One object for programs."""
    whole = {
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
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)


def as_csv(check: Check) -> str:
    """One row per module and limit."""
    out = StringIO()
    table = csv.writer(out, lineterminator="\n")
    names = ("limit", "holds", "value", "at", "why")
    table.writerow(["module", "variant", *names])
    for each, verdicts in check.judged:
        for verdict in verdicts:
            fields = {**_fields(verdict), "holds": str(verdict.holds).lower()}
            table.writerow(
                [safe_text(each.module), safe_text(each.variant), *(fields[name] for name in names)]
            )
    return out.getvalue().rstrip("\n")


def _fields(verdict: Verdict) -> dict[str, Any]:
    value = counts(verdict.span, verdict.limit.measure) if verdict.span else None
    return {
        "limit": str(verdict.limit), "holds": verdict.holds, "value": value, "at": verdict.point, "why": verdict.why
    }  # fmt: skip
