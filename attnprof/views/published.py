"""A run held to published tables: figures reproduced, explained by a way of counting, or not."""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from io import StringIO
from textwrap import fill
from typing import Any

from attnprof.comparison.published import ABSENT, EXPLAINED, NOT, REPRODUCED, Table
from attnprof.comparison.published import PublishedVerdict as Verdict
from attnprof.formats import Look, md, text
from attnprof.networks import PLAIN
from attnprof.results.columns import Column
from attnprof.results.table import safe_text
from attnprof.views.sheet import Sheet

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
