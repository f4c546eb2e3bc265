"""What is published of a module, as `show` prints it: figures as their sources print them, each with its source."""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from io import StringIO
from textwrap import fill
from typing import Any

from attnprof.comparison.published import ABSENT, EXPLAINED, NOT, REPRODUCED, Table, Verdict
from attnprof.formats import Look, md, text
from attnprof.networks import PLAIN
from attnprof.published import Figure, choose, evidence, title_of, where_published
from attnprof.results.columns import Column
from attnprof.results.table import safe_text
from attnprof.views.sheet import Sheet

NAMED = 6  # of the other networks, before the rest is counted


def published(module: str, network: str, dataset: str, width: int, full: bool = False) -> str:
    """The section on published figures of ``module``; empty where nothing is published of it at all.

    full: with params and FLOPs in the source's own convention, and the recipe. Raises UnknownNameError for a network or
    dataset of which nothing is.
    """
    chosen = choose(network, dataset)
    elsewhere = where_published(module)
    if not elsewhere:
        return ""
    found = evidence(module, *chosen)
    others = [f"{title_of(*place)} ({many})" for *place, many in elsewhere if tuple(place) != chosen]
    named = [*others[:NAMED], *([f"{len(others) - NAMED} more"] if len(others) > NAMED else [])]
    more = fill(f"Also on {'; '.join(named)}", width - 2).split("\n") if others else []
    if found is None:
        return "\n".join([f"Nothing is published here for {title_of(*chosen)}", *_indented(more)])
    table, notes = _full(found.figures) if full else (_brief(found.figures), [])
    wrapped = [line for note in notes for line in fill(note, width - 2, subsequent_indent="    ").split("\n")]
    head = f"Published for {title_of(*chosen)} (not measured here; recipes differ)"
    return "\n".join([head, *_indented([*table, *wrapped, *more])])


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _brief(figures: Sequence[Figure]) -> list[str]:
    rows = [
        [f.value + (" (doubtful)" if f.doubtful else ""), f.top5, _gain(f), f.setting, f.cited]
        for f in figures
    ]
    return _aligned([[figures[0].metric, "top-5", "gain", "setting", "source"], *rows])


def _full(figures: Sequence[Figure]) -> tuple[list[str], list[str]]:
    notes: dict[str, int] = {}
    rows = [_row(figure, notes) for figure in figures]
    table = _aligned([[figures[0].metric, "top-5", "gain", "params", "GFLOPs", "setting", "source"], *rows])
    return table, [f"[{number}] {text}" for text, number in notes.items()]


def _gain(figure: Figure) -> str:
    return "" if figure.gain is None else f"{figure.gain:+}"


def _row(figure: Figure, notes: dict[str, int]) -> list[str]:
    def mark(text: str) -> str:
        return f" [{notes.setdefault(text, len(notes) + 1)}]"

    params = figure.params and figure.params + (" M" if figure.params_unit == "10^6" else mark(_unit(figure)))
    flops = figure.flops and figure.flops + (mark(figure.flops_convention) if figure.flops_convention else "")
    doubt = mark(figure.training) if figure.doubtful else ""
    return [
        figure.value + doubt,
        figure.top5,
        _gain(figure),
        params,
        flops,
        figure.setting,
        figure.short + mark(_source(figure)),
    ]


def _unit(figure: Figure) -> str:
    stated = figure.params_unit.startswith(("2^", "10^"))
    return f"params in units of {figure.params_unit}" if stated else "the unit of params is not established"


def _source(figure: Figure) -> str:
    place = "" if figure.title.endswith(figure.location) else f", {figure.location}"
    recipe = f"; {figure.training}" if figure.training and not figure.doubtful else ""
    return f"{figure.title}, {figure.source}{place}{recipe}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    kept = [n for n in range(len(rows[0])) if any(row[n] for row in rows[1:])]
    widths = {n: max(len(row[n]) for row in rows) for n in kept}
    return ["  ".join(row[n].ljust(widths[n]) for n in kept).rstrip() for row in rows]


MARKS = {REPRODUCED: "reproduced", EXPLAINED: "explained", NOT: "not reproduced", ABSENT: "not in this run"}
HEADER = (
    "title", "source", "location", "network", "module", "setting", "printed_params", "printed_flops", "verdict", "how", "why",
    "host", "place", "variant", "params", "macs", "params_as_printed", "flops_as_printed",
)  # fmt: skip


def summary(tables: Sequence[Table]) -> str:
    """How many figures became what."""
    kinds = Counter(verdict.kind for table in tables for verdict in table.verdicts)
    counts = ", ".join(
        f"{kinds[kind]} {kind}" for kind in (REPRODUCED, EXPLAINED, NOT, ABSENT) if kinds[kind]
    )
    return f"{sum(kinds.values())} published figures: {counts}."


def as_text(tables: Sequence[Table], look: Look) -> str:
    """Table by table: how its source counts, then each figure with ours beside it where the digits differ."""
    parts = [
        text.typeset(_sheet(table, look.width or 100), lambda kept, table=table: _head(table, look), look)[0]  # type: ignore[misc] # bound now
        for table in tables
    ]
    return "\n\n".join([*parts, summary(tables)])


def as_md(tables: Sequence[Table]) -> str:
    """The same, as Markdown: each table under its source."""
    return "\n\n".join([*(_under_its_source(table) for table in tables), summary(tables)])


def _under_its_source(table: Table) -> str:
    ways = f"; counts so: {'; '.join(table.way.says)}" if table.way.says else ""
    return f"### {table.title}\n\n{_place(table)}{ways}\n\n{md.typeset(_sheet(table, 1000), [])}"


def _place(table: Table) -> str:
    """The source, and where in it, unless the title says so."""
    location = table.verdicts[0].figure.location
    return table.source if table.title.endswith(location) else f"{table.source}, {location}"


def as_csv(tables: Sequence[Table]) -> str:
    """One row per figure."""
    out = StringIO()
    writer = csv.DictWriter(out, HEADER, lineterminator="\n")
    writer.writeheader()
    for record in _records(tables):
        writer.writerow(
            {**record, "how": "; ".join(record["how"])}
            | {k: safe_text(record[k]) for k in ("variant", "place")}
        )
    return out.getvalue().rstrip("\n")


def as_json(tables: Sequence[Table]) -> str:
    """Every figure with what was made of it, and how many became what."""
    kinds = Counter(verdict.kind for table in tables for verdict in table.verdicts)
    return json.dumps(
        {"schema": 1, "counts": dict(kinds), "figures": list(_records(tables))}, indent=1, ensure_ascii=False
    )


def _records(tables: Sequence[Table]) -> list[dict[str, Any]]:
    return [_record(table, verdict) for table in tables for verdict in table.verdicts]


def _record(table: Table, verdict: Verdict) -> dict[str, Any]:
    figure, counted = verdict.figure, verdict.counted
    params, macs = (float(each) for each in counted.figures(verdict.way)) if counted else (None, None)
    row = counted.row if counted else {}
    return dict(
        zip(
            HEADER,
            (
                table.title,
                table.source,
                figure.location,
                figure.network,
                figure.module,
                figure.setting,
                figure.params,
            )
            + (
                figure.flops,
                verdict.kind,
                verdict.says,
                verdict.why,
                row.get("host"),
                row.get("place"),
                row.get("variant"),
            )
            + (row.get("params"), row.get("macs"), params, macs),
            strict=True,
        )
    )


def _head(table: Table, look: Look) -> list[str]:
    width = look.width or 10_000
    lines = [fill(f"{table.title}  [{_place(table)}]", width, subsequent_indent="  ")]
    if table.way.says:
        lines.append(fill(f"counts so: {'; '.join(table.way.says)}", width, subsequent_indent="  "))
    return lines


def _sheet(table: Table, width: int) -> Sheet:
    notes: dict[str, int] = {}
    titles = (("network", False), ("module", False), ("params, M", True), ("FLOPs, G", True), ("", False))
    columns = [Column(name or "verdict", name, 100, lambda row: "", right) for name, right in titles]
    cells = [_cells(verdict, table, notes) for verdict in table.verdicts]
    footnotes = [
        fill(f"[{number}] {said}", width, subsequent_indent="    ") for said, number in notes.items()
    ]
    return Sheet(columns, cells, footnotes)


def _cells(verdict: Verdict, table: Table, notes: dict[str, int]) -> list[str]:
    figure, counted = verdict.figure, verdict.counted
    variant = str(counted.row["variant"]) if counted else ""
    name = "plain" if figure.module == PLAIN else f"{figure.module}({variant})" if variant else figure.module
    ours = counted.figures(verdict.way) if counted else (None, None)
    off = verdict.kind == NOT
    figures = [
        _beside(said, found if off else None)
        for said, found in zip((figure.params, figure.flops), ours, strict=True)
    ]
    further = [each for each in verdict.says if each not in table.way.says and each != variant]
    remark = verdict.why or "; ".join(further)
    mark = MARKS[verdict.kind] + (f" [{notes.setdefault(remark, len(notes) + 1)}]" if remark else "")
    return [figure.network, name, *figures, mark]


def _beside(said: str, ours: Decimal | None) -> str:
    """The printed figure, and ours to as many places where it is another."""
    if not said or ours is None:
        return said
    places = Decimal(1).scaleb(min(0, int(Decimal(said).as_tuple().exponent)))
    found = str(ours.quantize(places))
    return said if found == said else f"{said} ({found})"
