"""A run held to published tables: figures reproduced, explained by a way of counting, or not."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from attnprof.comparison.published import ABSENT, EXPLAINED, NOT, REPRODUCED, PublishedVerdict, Table
from attnprof.networks import PLAIN
from attnprof.views.document import Document, Remark, TableCell, TableColumn

MARKS = {REPRODUCED: "reproduced", EXPLAINED: "explained", NOT: "not reproduced", ABSENT: "not in this run"}
HEADER = (
    "title", "source", "location", "network", "module", "setting", "printed_params", "printed_flops",
    "verdict", "how", "why", "host", "place", "variant", "params", "macs",
    "params_as_printed", "flops_as_printed",
)  # fmt: skip


def summary(tables: Sequence[Table]) -> str:
    """How many figures became what."""
    kinds = Counter(verdict.kind for table in tables for verdict in table.verdicts)
    counts = ", ".join(
        f"{kinds[kind]} {kind}" for kind in (REPRODUCED, EXPLAINED, NOT, ABSENT) if kinds[kind]
    )
    return f"{sum(kinds.values())} published figures: {counts}."


def document(tables: Sequence[Table]) -> Document:
    """A run held to published tables: each under its source, then how many figures became what."""
    return Document(
        parts=[_part(table) for table in tables],
        below=[summary(tables)],
        header=HEADER,
        records=lambda: [record | {"how": "; ".join(record["how"])} for record in _records(tables)],
        data=lambda: _data(tables),
    )


COLUMNS = (
    TableColumn("network", "network", right=False),
    TableColumn("module", "module", right=False),
    TableColumn("printed_params", "params, M"),
    TableColumn("printed_flops", "FLOPs, G"),
    TableColumn("verdict", "verdict", right=False),
)


def _part(table: Table) -> Document:
    """One table: how its source counts, then each figure with ours beside it where the digits differ."""
    notes: dict[str, int] = {}
    rows = [[TableCell(text or None) for text in _cells(verdict, table, notes)] for verdict in table.verdicts]
    ways = [Remark(f"way of counting: {'; '.join(table.way.says)}")] if table.way.says else []
    return Document(
        columns=COLUMNS,
        rows=rows,
        above=ways,
        footnotes=[f"[{number}] {text}" for text, number in notes.items()],
        title=f"{table.title}  [{_place(table)}]",
    )


def _place(table: Table) -> str:
    """The source, and where in it, unless the title says so."""
    location = table.verdicts[0].figure.location
    return table.source if table.title.endswith(location) else f"{table.source}, {location}"


def _data(tables: Sequence[Table]) -> dict[str, Any]:
    """Every figure with what was made of it, and how many became what."""
    kinds = Counter(verdict.kind for table in tables for verdict in table.verdicts)
    return {"schema": 1, "counts": dict(kinds), "figures": _records(tables)}


def _records(tables: Sequence[Table]) -> list[dict[str, Any]]:
    return [_record(table, verdict) for table in tables for verdict in table.verdicts]


def _record(table: Table, verdict: PublishedVerdict) -> dict[str, Any]:
    figure, counted = verdict.figure, verdict.counted
    row = counted.row if counted else {}
    record = {
        "title": table.title,
        "source": table.source,
        "location": figure.location,
        "network": figure.network,
        "module": figure.module,
        "setting": figure.setting,
        "printed_params": figure.params,
        "printed_flops": figure.flops,
        "verdict": verdict.kind,
        "how": verdict.says,
        "why": verdict.why,
        **{name: row.get(name) for name in ("host", "place", "variant", "params", "macs")},
    }
    params, macs = (float(value) for value in counted.figures(verdict.way)) if counted else (None, None)
    return record | {"params_as_printed": params, "flops_as_printed": macs}


def _cells(verdict: PublishedVerdict, table: Table, notes: dict[str, int]) -> list[str]:
    """A figure's row. notes: footnote -> its number."""
    remark = verdict.why or "; ".join(_deviations(verdict, table))
    mark = f" [{notes.setdefault(remark, len(notes) + 1)}]" if remark else ""
    return [
        verdict.figure.network,
        _module(verdict),
        *_figures(verdict),
        f"{MARKS[verdict.kind]}{mark}",
    ]


def _module(verdict: PublishedVerdict) -> str:
    """The module, with the variant that was counted for it."""
    module, variant = verdict.figure.module, _variant(verdict)
    if module == PLAIN:
        return "plain"
    return f"{module}({variant})" if variant else module


def _variant(verdict: PublishedVerdict) -> str:
    return str(verdict.counted.row["variant"]) if verdict.counted else ""


def _figures(verdict: PublishedVerdict) -> list[str]:
    """Params and FLOPs as printed, with ours behind them where they are not reproduced."""
    figure, counted = verdict.figure, verdict.counted
    if counted is None or verdict.kind != NOT:
        return [figure.params, figure.flops]
    params, macs = counted.figures(verdict.way)
    return [_beside(figure.params, params), _beside(figure.flops, macs)]


def _deviations(verdict: PublishedVerdict, table: Table) -> list[str]:
    """How the figure was counted, but for what its row and the lines above the table say."""
    return [text for text in verdict.says if text not in table.way.says and text != _variant(verdict)]


def _beside(printed: str, ours: Decimal) -> str:
    """The printed figure, and ours to as many places where it is another."""
    if not printed:
        return printed
    places = Decimal(1).scaleb(min(0, int(Decimal(printed).as_tuple().exponent)))
    own = str(ours.quantize(places))
    return printed if own == printed else f"{printed} ({own})"
