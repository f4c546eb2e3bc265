"""The catalogue's closed forms as a table: params, MACs and FLOPs of each module as polynomials in C, H and W."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from attnprof.catalogue.selection import ConfiguredModule
from attnprof.errors import UsageError
from attnprof.explaining.explanation import Form
from attnprof.grid import Point, show_res
from attnprof.planning import plan
from attnprof.running.inquiry import Inquiry
from attnprof.spec import Spec

TITLES = ("params", "MACs", "FLOPs")
NONE = "no polynomial"


def rows(choices: Iterable[ConfiguredModule], at: Point) -> list[list[str]]:
    """[module, params, MACs, FLOPs, for which sizes] of each choice, around the size ``at``."""
    point = f"{at[0]}@{show_res(at[1:])}"
    made = []
    with Inquiry() as asking:
        for choice in choices:
            title = f"{choice.module}({choice.variant})" if choice.variant else choice.module
            cell = plan(Spec(modules=[title], points=[point], no_latency=True), "meta").cells[0]
            if cell.refusal:
                made.append([title, "", "", "", f"not at {point}: {cell.refusal}"])
                continue
            try:
                forms = asking.forms(cell.case, around=True)
            except UsageError as problem:
                made.append([title, "", "", "", str(problem)])
                continue
            made.append(
                [
                    title,
                    *(form.pieces[0].polynomial if form.pieces else NONE for form in forms),
                    _where(forms),
                ]
            )
    return made


def _where(forms: Iterable[Form]) -> str:
    """What has to hold for all of a row's polynomials to hold."""
    wheres = [piece.where for form in forms for piece in form.pieces]
    return "; ".join(dict.fromkeys(part for where in wheres for part in where.split("; ") if part))


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table, its formulas set as code."""
    lines = ["| module | " + " | ".join(TITLES) + " | for |", "|---" * (len(TITLES) + 2) + "|"]
    for name, *formulas, where in rows:
        code = [f"`{formula}`" if formula not in ("", NONE) else formula for formula in formulas]
        lines.append(f"| {' | '.join([name, *code, where])} |")
    return "\n".join(lines)


def as_text(rows: Sequence[Sequence[str]], width: int | None) -> str:
    """Columns where they fit, else a few lines for each module. width: None where nothing has to fit."""
    table = [["module", *TITLES, "for"], *rows]
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    if width is None or sum(widths) + 2 * (len(widths) - 1) <= width:
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
    lines: list[str] = []
    for name, *rest in rows:
        lines.append(name)
        for title, text in zip((*TITLES, "for"), rest, strict=True):
            before = f"  {title:6}  "
            lines += wrap(text, width, initial_indent=before, subsequent_indent=" " * 12)
    return "\n".join(lines)
