"""The first screen of a run: for each size the rows that matter, ranked, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from attnprof.catalogue.selection import stands_for_several
from attnprof.networks import PLAIN
from attnprof.results import Results
from attnprof.results.columns import places
from attnprof.units import (
    half_width,
    show_bytes,
    show_count,
    show_rounded,
    show_seconds,
    significant,
)
from attnprof.views.caption import caption, conditions
from attnprof.views.document import Document, Remark, TableCell, TableColumn
from attnprof.views.findings import disturbances, findings, next_commands
from attnprof.views.remarks import reasons_of
from attnprof.views.rivals import LATENCY, MACS, MEMORY, PARAMS, Rival, SizeBlock, blocks
from attnprof.views.run_columns import RunColumn

MOST = 15  # rows of a block
FASTEST = 10  # of them are there for their latency alone, however many are on a front
SPARED = 2  # so many more rows are shown rather than counted
LONGEST_BAR = 4  # times the median of the rows shown: a longer one is cut
ADDED = "added_latency_share"  # of a module in a network


@dataclass(frozen=True)
class Wish:
    """What of a run the user wants to see."""

    columns: Sequence[RunColumn] = ()  # behind those of the screen
    everything: bool = False  # every row
    is_wide: bool = False  # every column, and what the headings mean
    run: str | None = ""  # how a command names the run; empty: it is the newest; None: it cannot


def screen(results: Results, wish: Wish) -> Document:
    """The document for a terminal."""
    all_blocks = blocks(results)
    named = _named_modules(results)
    shown = [list(each.rivals) if wish.everything else _that_matter(each, named) for each in all_blocks]
    rivals = [rival for group in shown for rival in group]
    columns, cells = _table(results, all_blocks, shown, wish.columns)
    marks, footnotes = reasons_of([rival.row for rival in rivals])
    if any(marks):
        columns.append(TableColumn("note", "note", keep=97, right=False))
        cells.append(
            [TableCell(mark or None, tone=_tone(rival)) for mark, rival in zip(marks, rivals, strict=True)]
        )
    hidden = [_hidden(block, group) for block, group in zip(all_blocks, shown, strict=True)]
    return Document(
        columns=columns,
        rows=list(zip(*cells, strict=True)),
        above=_above(results, columns, wish),
        blocks=[len(group) for group in shown],
        headings=[each.heading for each in all_blocks],
        tails=[_tail(group, wish.run) for group in hidden],
        footnotes=footnotes,
        findings=lambda: [*findings(all_blocks), *disturbances(all_blocks)],
        commands=[] if wish.run is None else next_commands(all_blocks, wish.run),
    )


def _named_modules(results: Results) -> set[str]:
    """The modules that the run's spec names one by one."""
    patterns = [pattern for pattern in results.spec.modules if not stands_for_several(pattern)]
    return {pattern.partition("(")[0] for pattern in patterns}


def _that_matter(block: SizeBlock, named: set[str]) -> list[Rival]:
    """The rivals that a block shows: those named, the fastest, those on a front; all where they are few."""
    wanted = [each for each in block.rivals if each.row["module"] in named or _is_plain(each)]
    most = max(MOST, len(wanted))
    if len(block.rivals) <= most + SPARED:
        return list(block.rivals)
    ordered = block.competing or [each for each in block.rivals if each.row.get("family") != "floor"]
    by_weight = [*wanted, *ordered[:FASTEST], *block.front(), *ordered]
    numbers = list(dict.fromkeys(each.number for each in by_weight))[:most]
    return [each for each in block.rivals if each.number in set(numbers)]


def _is_plain(rival: Rival) -> bool:
    """Whether it is a network without a module, which the others are held to."""
    return bool(rival.row.get("host")) and rival.row["module"] == PLAIN


def _hidden(block: SizeBlock, shown: Sequence[Rival]) -> list[Rival]:
    numbers = {each.number for each in shown}
    return [each for each in block.rivals if each.number not in numbers]


def _tail(hidden: Sequence[Rival], run: str | None) -> str:
    """How many rows are not shown, how many of them have no figure, and the command that shows them."""
    if not hidden:
        return ""
    statuses = [each.row["status"] for each in hidden if each.row["status"] != "ok"]
    counts = [f", {statuses.count(status)} {status}" for status in dict.fromkeys(statuses)]
    command = "" if run is None else f": {' '.join(filter(None, ['attnprof table', run, '--all']))}"
    return f"{len(hidden)} more{''.join(counts)}{command}"


def _above(results: Results, columns: Sequence[TableColumn], wish: Wish) -> list[Remark]:
    if wish.is_wide:
        return caption(results, columns)
    latency = [remark for remark in caption(results, columns) if LATENCY in remark.about]
    return [Remark(conditions(results)), *latency]


def _table(
    results: Results,
    all_blocks: Sequence[SizeBlock],
    shown: Sequence[Sequence[Rival]],
    more: Sequence[RunColumn],
) -> tuple[list[TableColumn], list[list[TableCell]]]:
    """The columns, and the cells of each. Columns without a figure are left out."""
    rivals = [rival for group in shown for rival in group]
    own = [each for each in _own_columns(results, all_blocks, shown) if any(each[1])]
    names = {column.name for column, _ in own}
    further = [each for each in more if each.name not in names]
    columns = [*(column for column, _ in own), *(each.column for each in further)]
    cells = [
        [_styled(rival, column, value) for rival, value in zip(rivals, values, strict=True)]
        for column, values in own
    ]
    for each in further:
        cells.append([replace(each.cell(rival.number, rival.row), tone=_tone(rival)) for rival in rivals])
    return columns, cells


def _own_columns(
    results: Results, all_blocks: Sequence[SizeBlock], shown: Sequence[Sequence[Rival]]
) -> list[tuple[TableColumn, Sequence[str | float]]]:
    """The columns of the screen, with a value for each row; empty, and 0 for a bar, where there is none."""
    rivals = [rival for group in shown for rival in group]
    is_timed = any(rival.latency is not None for rival in rivals)
    several_places = len(places(results.rows())) > 1
    baselines = dict.fromkeys(block.baseline for block in all_blocks if block.baseline)
    over = f"vs {', '.join(baselines)}"
    return [
        (TableColumn("rank", ""), [_rank(each) for each in rivals]),
        (TableColumn("module", "", right=False), [each.name for each in rivals]),
        (TableColumn("place", "", right=False), [str(each.row["place"]) * several_places for each in rivals]),
        (TableColumn("bar", "", keep=75, right=False, bar=True), _bars(shown)),
        (TableColumn(LATENCY, "latency", keep=95), _aligned([_latency(each) for each in rivals])),
        (TableColumn("ratio", over, keep=93), _aligned([_ratio(each) for each in rivals])),
        (TableColumn(ADDED, "+ latency", keep=94), _aligned([_added(each) for each in rivals])),
        (TableColumn(PARAMS, "params", keep=90), [_count(each, PARAMS, is_timed) for each in rivals]),
        (TableColumn(MACS, "MACs", keep=92), [_count(each, MACS, is_timed) for each in rivals]),
        (TableColumn(MEMORY, "memory", keep=80), [_bytes(each) for each in rivals]),
    ]


def _styled(rival: Rival, column: TableColumn, value: str | float) -> TableCell:
    is_first = rival.rank == 1 and not rival.is_rough and column.name in ("rank", "module")
    return TableCell(value or None, best=is_first, tone=_tone(rival))


def _tone(rival: Rival) -> str:
    if rival.row["status"] != "ok":
        return "failed"
    return "rough" if rival.is_rough else ""


def _rank(rival: Rival) -> str:
    if not rival.rank:
        return ""
    return f"~{rival.rank}" if rival.is_rough else f"{rival.rank}{'=' if rival.shares_rank else ' '}"


def _bars(shown: Sequence[Sequence[Rival]]) -> list[float]:
    """How long each row's bar is, as a share of its block's longest; 0 without a latency."""
    bars: list[float] = []
    for group in shown:
        seconds = [rival.latency for rival in group if rival.latency is not None]
        longest = min(max(seconds), LONGEST_BAR * median(seconds)) if seconds else 1.0
        bars += [(rival.latency or 0.0) / longest for rival in group]
    return bars


Parts = tuple[str, str]  # a figure, and what stands behind it


def _aligned(cells: Sequence[Parts]) -> list[str]:
    """Figures above each other, and their intervals."""
    widths = [max((len(cell[n]) for cell in cells), default=0) for n in (0, 1)]
    return [f"{figure:>{widths[0]}}{spread:<{widths[1]}}" if figure else "" for figure, spread in cells]


def _latency(rival: Rival) -> Parts:
    if rival.latency is None:
        return ("" if rival.row["status"] == "ok" else rival.row["status"]), ""
    if rival.is_rough:
        return f"~{show_seconds(rival.latency, 2)}", ""
    return show_seconds(rival.latency), _spread(
        rival.latency, _interval(rival, LATENCY.removesuffix("_s"), "_s")
    )


def _ratio(rival: Rival) -> Parts:
    ratio = rival.ratio
    if ratio is None:
        return "", ""
    is_open = rival.is_rough or not ratio.is_clear
    figure = f"{ratio.value:.2f}" if ratio.value < 10 else f"{ratio.value:.0f}"
    return f"{'~' if is_open else ''}{figure}x", _spread(ratio.value, ratio.interval)


def _added(rival: Rival) -> Parts:
    share = rival.row.get(ADDED)
    if share is None:
        return "", ""
    ends = _interval(rival, ADDED, "")
    spread = f" ± {significant(100 * half_width(share, ends), 2)}" if ends else ""
    return f"{100 * share:+.1f} %", spread


def _interval(rival: Rival, name: str, unit: str) -> tuple[float, float] | None:
    low, high = rival.row.get(f"{name}_ci_low{unit}"), rival.row.get(f"{name}_ci_high{unit}")
    return None if low is None or high is None else (low, high)


def _spread(value: float, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return ""
    return f" ± {significant(100 * half_width(value, interval) / value, 1)} %"


def _count(rival: Rival, column: str, rounded: bool) -> str:
    value = rival.row.get(column)
    if value is None:
        return ""
    return show_rounded(value) if rounded else show_count(value)


def _bytes(rival: Rival) -> str:
    value = rival.row.get(MEMORY)
    return "" if value is None else show_bytes(value)
