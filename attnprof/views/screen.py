"""The first screen of a run: for each size the rows that matter, ranked, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from attnprof.catalogue.selection import stands_for_several
from attnprof.networks import PLAIN
from attnprof.results import Results
from attnprof.results.columns import places
from attnprof.units import (
    group_digits,
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
from attnprof.views.rivals import LATENCY, MACS, MEMORY, PARAMS, THROUGHPUT, Rival, SizeBlock, blocks
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


@dataclass(frozen=True)
class ShownBlock:
    """A block, and those of its rivals that the screen shows."""

    block: SizeBlock
    rivals: Sequence[Rival]

    @property
    def hidden(self) -> list[Rival]:
        """The others."""
        numbers = {rival.number for rival in self.rivals}
        return [rival for rival in self.block.rivals if rival.number not in numbers]


@dataclass(frozen=True)
class ScreenColumn:
    """A column of the screen."""

    column: TableColumn
    cells: Sequence[TableCell]  # of the rivals shown


def screen(results: Results, wish: Wish) -> Document:
    """The document for a terminal."""
    all_blocks = blocks(results)
    shown = _shown(results, all_blocks, wish)
    rivals = [rival for each in shown for rival in each.rivals]
    marks, footnotes = reasons_of([rival.row for rival in rivals])
    all_columns = [*_columns(results, shown, wish.columns), *_note_column(rivals, marks)]
    columns = [each.column for each in all_columns]
    return Document(
        columns=columns,
        rows=list(zip(*(each.cells for each in all_columns), strict=True)),
        above=_above(results, columns, wish),
        blocks=[len(each.rivals) for each in shown],
        headings=[block.heading for block in all_blocks],
        tails=[_tail(each.hidden, wish.run) for each in shown],
        footnotes=footnotes,
        findings=lambda: [*findings(all_blocks), *disturbances(all_blocks)],
        commands=_commands(all_blocks, wish.run),
    )


def _commands(all_blocks: Sequence[SizeBlock], run: str | None) -> list[str]:
    """What to do next: nothing where no command can name the run, or where it has no row."""
    if run is None or not all_blocks:
        return []
    return next_commands(all_blocks, run)


def _shown(results: Results, all_blocks: Sequence[SizeBlock], wish: Wish) -> list[ShownBlock]:
    if wish.everything:
        return [ShownBlock(block, block.rivals) for block in all_blocks]
    named = _named_modules(results)
    return [ShownBlock(block, _that_matter(block, named)) for block in all_blocks]


def _named_modules(results: Results) -> set[str]:
    """The modules that the run's spec names one by one."""
    patterns = [pattern for pattern in results.spec.modules if not stands_for_several(pattern)]
    return {pattern.partition("(")[0] for pattern in patterns}


def _that_matter(block: SizeBlock, named: set[str]) -> list[Rival]:
    """The rivals that a block shows: those named, the fastest, those on a front; all where they are few."""
    wanted = [rival for rival in block.rivals if rival.row["module"] in named or _is_plain(rival)]
    most = max(MOST, len(wanted))
    if len(block.rivals) <= most + SPARED:
        return list(block.rivals)
    numbers = _by_weight(block, wanted)[:most]
    return [rival for rival in block.rivals if rival.number in set(numbers)]


def _by_weight(block: SizeBlock, wanted: Sequence[Rival]) -> list[int]:
    """The numbers of a block's rivals, those first that are shown before any other."""
    ordered = block.competing or [rival for rival in block.rivals if rival.row.get("family") != "floor"]
    rivals = [*wanted, *ordered[:FASTEST], *block.front(), *ordered]
    return list(dict.fromkeys(rival.number for rival in rivals))


def _is_plain(rival: Rival) -> bool:
    """Whether it is a network without a module, which the others are held to."""
    return bool(rival.row.get("host")) and rival.row["module"] == PLAIN


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


Own = tuple[TableColumn, Sequence[str | float]]  # a value per rival; "", and 0 for a bar, where there is none


def _columns(
    results: Results, shown: Sequence[ShownBlock], further: Sequence[RunColumn]
) -> list[ScreenColumn]:
    """The screen's own columns in which there is anything, and those of ``further`` that it lacks."""
    rivals = [rival for each in shown for rival in each.rivals]
    own = [*_identities(results, rivals), *_times(shown), *_costs(rivals)]
    columns = [_own_column(column, values, rivals) for column, values in own if any(values)]
    names = {each.column.name for each in columns}
    return [*columns, *(_further_column(each, rivals) for each in further if each.name not in names)]


def _own_column(column: TableColumn, values: Sequence[str | float], rivals: Sequence[Rival]) -> ScreenColumn:
    cells = [_styled(rival, column, value) for rival, value in zip(rivals, values, strict=True)]
    return ScreenColumn(column, cells)


def _further_column(own: RunColumn, rivals: Sequence[Rival]) -> ScreenColumn:
    cells = [replace(own.cell(rival.number, rival.row), tone=_tone(rival)) for rival in rivals]
    return ScreenColumn(own.column, cells)


def _note_column(rivals: Sequence[Rival], marks: Sequence[str]) -> list[ScreenColumn]:
    """The numbers of the footnotes, where there are any."""
    if not any(marks):
        return []
    cells = [TableCell(mark or None, tone=_tone(rival)) for mark, rival in zip(marks, rivals, strict=True)]
    return [ScreenColumn(TableColumn("note", "note", keep=97, right=False), cells)]


def _identities(results: Results, rivals: Sequence[Rival]) -> list[Own]:
    """What the rows are; the place where there are several."""
    several_places = len(places(results.rows())) > 1
    return [
        (TableColumn("rank", ""), [_rank(rival) for rival in rivals]),
        (TableColumn("module", "", right=False), [rival.name for rival in rivals]),
        (
            TableColumn("place", "", right=False),
            [str(rival.row["place"]) if several_places else "" for rival in rivals],
        ),
    ]


def _times(shown: Sequence[ShownBlock]) -> list[Own]:
    """How long a call takes, and how long over the baseline or the plain network; between several batches,
    how many images a second."""
    rivals = [rival for each in shown for rival in each.rivals]
    baselines = dict.fromkeys(each.block.baseline for each in shown if each.block.baseline)
    over = f"vs {', '.join(baselines)}"
    return [
        (TableColumn("bar", "", keep=75, right=False, bar=True), _bars(shown)),
        (TableColumn(LATENCY, "latency", keep=95), _aligned([_latency(rival) for rival in rivals])),
        (TableColumn("ratio", over, keep=93), _aligned([_ratio(rival) for rival in rivals])),
        (TableColumn(ADDED, "+ latency", keep=94), _aligned([_added(rival) for rival in rivals])),
        (TableColumn(THROUGHPUT, "images/s", keep=91), _rates(shown)),
    ]


def _costs(rivals: Sequence[Rival]) -> list[Own]:
    """What a call takes besides time; counts are rounded where times stand beside them."""
    is_timed = any(rival.latency is not None for rival in rivals)
    return [
        (TableColumn(PARAMS, "params", keep=90), [_count(rival, PARAMS, is_timed) for rival in rivals]),
        (TableColumn(MACS, "MACs", keep=92), [_count(rival, MACS, is_timed) for rival in rivals]),
        (TableColumn(MEMORY, "memory", keep=80), [_bytes(rival) for rival in rivals]),
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


def _bars(shown: Sequence[ShownBlock]) -> list[float]:
    """How long each row's bar is, as a share of its block's longest; 0 without a latency."""
    bars: list[float] = []
    for each in shown:
        seconds = [rival.latency for rival in each.rivals if rival.latency is not None]
        longest = min(max(seconds), LONGEST_BAR * median(seconds)) if seconds else 1.0
        bars += [(rival.latency or 0.0) / longest for rival in each.rivals]
    return bars


def _rates(shown: Sequence[ShownBlock]) -> list[str]:
    """Images per second, which make rows of several batches comparable; nothing where there is one batch."""
    rates = [rival.row.get(THROUGHPUT) for each in shown for rival in each.rivals]
    if len({each.block.batch for each in shown}) == 1:
        return [""] * len(rates)
    return ["" if rate is None else group_digits(significant(rate)) for rate in rates]


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
