"""Two runs compared, as people read it: the table, what changed besides times, and what it comes to."""

from collections.abc import Sequence
from itertools import groupby

from attnprof.comparison.changes import Change
from attnprof.comparison.ratios import FASTER, SAME, SLOWER, UNCLEAR, Outcome
from attnprof.comparison.runs import ComparedCell, Comparison, Ran
from attnprof.metrics import METRICS
from attnprof.networks import PLAIN
from attnprof.records.case import Case
from attnprof.records.environment import Environment, liberties
from attnprof.records.record import FLAGS
from attnprof.units import show_change, show_count, significant
from attnprof.views.diff_data import HEADER, data, records
from attnprof.views.document import Document, Remark, TableCell, TableColumn

ORDER = (SLOWER, FASTER, UNCLEAR, SAME)
MOST_LISTED = 6  # names of cells that only one run has
ADVICE = "Unclear: more processes tell more. attnprof run --quality paper, and a longer --time-budget."


def document(comparison: Comparison, below: Sequence[str] | None = None) -> Document:
    """Two runs compared: conditions, the times, what changed besides, and the outcome. below: in place of the
    last two."""
    columns = _columns(comparison)
    notes: dict[str, int] = {}
    rows = [_cells_of(cell, notes) for verdict in ORDER for cell in comparison.called(verdict)]
    return Document(
        columns=columns,
        rows=[[cells[column.name] for column in columns] for cells in rows],
        above=[Remark(line) for line in head_of(comparison)],
        footnotes=[f"[{number}] {text}" for text, number in notes.items()],
        below=below_of(comparison) if below is None else list(below),
        header=HEADER,
        records=lambda: records(comparison),
        data=lambda: data(comparison),
    )


def _timed(comparison: Comparison) -> list[ComparedCell]:
    """The cells of which both runs have a time."""
    return [cell for cell in comparison.cells if cell.outcome]


def head_of(comparison: Comparison) -> list[str]:
    """What A and B are, on what they ran, and what the headings mean."""
    lines = [
        f"A  {_run_title(comparison.before)}",
        f"B  {_run_title(comparison.after)}",
        ", ".join(_conditions(comparison)),
    ]
    if not _timed(comparison):
        return lines
    return [
        *lines,
        f"{comparison.metric}: middle of the processes; {_judged(comparison)}",
        f"slower, faster: all of it beyond {_share(comparison.tolerance)}; same: all of it within.",
    ]


def _run_title(run: Ran) -> str:
    started = str(run.environment.get("started") or "").replace("T", " ")[:16]
    commit = run.environment.get("commit")
    return ", ".join(filter(None, [run.name, started, f"commit {commit}" if commit else ""]))


def _conditions(comparison: Comparison) -> list[str]:
    """The conditions that all cells of both runs share; the usual layout and execution are not named."""
    case, sizes = comparison.cells[0].case, _sizes(comparison.cells)
    conditions = sizes if len(sizes) == 1 else []
    conditions += [] if _has_batches(comparison.cells) else [f"batch {case.batch}"]
    conditions.append(case.dtype)
    if case.autocast:
        conditions.append(f"autocast {case.autocast}")
    conditions.append(_device(case, comparison.after.environment))
    execution = "eager" if _has_runtimes(comparison.cells) else case.execution
    return conditions + [word for word in (case.layout, execution) if word not in ("contiguous", "eager")]


def _device(case: Case, environment: Environment) -> str:
    if case.device == "meta":
        return "counted on meta tensors"
    threads = f"{case.threads} thread{'' if case.threads == 1 else 's'}"
    name = environment.get("device_name") or "no data"
    return f"{case.device} ({', '.join([name, threads, *liberties(environment, case.dtype)])})"


def _judged(comparison: Comparison) -> str:
    """What B/A is of, in a sentence."""
    if not comparison.controls:
        return "B/A with its 95 % interval, from processes."
    first, *others = comparison.controls
    own = f" ({first}: over {others[0]}'s)" if others else ""
    return f"B/A: of times over {first}'s in the same process{own}, 95 % from processes."


def _sizes(cells: Sequence[ComparedCell]) -> list[str]:
    return list(dict.fromkeys(f"{cell.case.height}x{cell.case.width}" for cell in cells))


def _has_batches(cells: Sequence[ComparedCell]) -> bool:
    """Whether the cells are of several batches."""
    return len({cell.case.batch for cell in cells}) > 1


def _has_runtimes(cells: Sequence[ComparedCell]) -> bool:
    """Whether the cells are of several runtimes."""
    return len({cell.case.execution for cell in cells}) > 1


def _share(tolerance: float) -> str:
    return f"± {100 * tolerance:g} %"


COLUMNS = (
    TableColumn("host", "network", right=False),
    TableColumn("channels", "C"),
    TableColumn("size", "HxW"),
    TableColumn("batch", "batch"),
    TableColumn("execution", "runtime", right=False),
    TableColumn("mode", "mode", right=False),
    TableColumn("module", "module", right=False),
    TableColumn("place", "place", right=False),
    TableColumn("before_s", "A", "seconds", keep=50),
    TableColumn("after_s", "B", "seconds", keep=50),
    TableColumn("ratio", "B/A", keep=95),
    TableColumn("ratio_ci", "95 %", keep=80, right=False),
    TableColumn("verdict", "verdict", right=False),
    TableColumn("note", "note", keep=40, right=False),
)


def _columns(comparison: Comparison) -> list[TableColumn]:
    """The columns that say something of the cells with a time; none where there are no such cells."""
    timed = _timed(comparison)
    if not timed:
        return []
    return [column for column in COLUMNS if _worth_showing(column.name, timed)]


def _worth_showing(column: str, timed: Sequence[ComparedCell]) -> bool:
    """Whether a column tells the cells ``timed`` apart, or some of them have it."""
    inside = any(cell.case.host for cell in timed)
    worth = {
        "host": inside,
        "channels": not inside,
        "size": len(_sizes(timed)) > 1,
        "batch": _has_batches(timed),
        "execution": _has_runtimes(timed),
        "mode": len({cell.case.mode for cell in timed}) > 1,
        "place": len({cell.case.place for cell in timed if cell.case.place}) > 1,
        "ratio_ci": any(cell.outcome and cell.outcome.interval for cell in timed),
        "note": any(_remarks(cell) for cell in timed),
    }
    return worth.get(column, True)


def _remarks(cell: ComparedCell) -> list[str]:
    """What qualifies a cell's verdict: why it is unclear, the flags of both runs, an edited file."""
    remarks = [cell.outcome.why] if cell.outcome and cell.outcome.why else []
    for flag in dict.fromkeys([*cell.flags[0], *cell.flags[1]]):
        runs = " and ".join(letter for letter, flags in zip("AB", cell.flags, strict=True) if flag in flags)
        remarks.append(f"{runs} {flag}: {FLAGS.get(flag, 'a flag of another version')}")
    if cell.edited:
        remarks.append("its file was edited between A and B")
    return remarks


def _cells_of(cell: ComparedCell, notes: dict[str, int]) -> dict[str, TableCell]:
    """A cell's row, by column. notes: footnote -> its number."""
    case, outcome = cell.case, cell.outcome
    assert outcome is not None
    marks = [f"[{notes.setdefault(remark, len(notes) + 1)}]" for remark in _remarks(cell)]
    plain = bool(case.host) and case.module == PLAIN
    texts = {
        "host": case.host,
        "channels": str(case.channels),
        "size": f"{case.height}x{case.width}",
        "batch": str(case.batch),
        "execution": case.execution,
        "mode": case.mode,
        "module": "plain" if plain else case.title,
        "place": case.place,
        "ratio": show_ratio(outcome.ratio),
        "ratio_ci": show_interval(outcome),
        "verdict": outcome.verdict,
        "note": " ".join(marks),
    }
    cells = {name: TableCell(text or None) for name, text in texts.items()}
    cells["before_s"], cells["after_s"] = map(TableCell, cell.seconds)
    return cells


def show_ratio(ratio: float) -> str:
    """A ratio as a factor: '1.03x'; three digits, two places near one."""
    return f"{ratio:.2f}x" if 0.1 <= ratio < 10 else f"{significant(ratio)}x"


def show_interval(outcome: Outcome) -> str:
    """'0.98 to 1.04', or nothing."""
    return " to ".join(show_ratio(end)[:-1] for end in outcome.interval) if outcome.interval else ""


def below_of(comparison: Comparison) -> list[str]:
    """What changed besides times, what only one run has, what was unlike, and what it comes to."""
    lines = [
        *changes_of(comparison),
        *(f"{cell.case.label} was ok and is {cell.ended[1]}: {cell.reason}" for cell in comparison.broken),
        *_only_in("A", comparison.only_before),
        *_only_in("B", comparison.only_after),
        *_unlike(comparison),
        *_machine(comparison),
    ]
    outcome = outcome_of(comparison)
    return [*lines, "", *outcome] if lines else outcome


def _only_in(letter: str, cases: Sequence[Case]) -> list[str]:
    """The first of the cells that only one run has, and how many more there are."""
    if not cases:
        return []
    names = ", ".join(case.label for case in cases[:MOST_LISTED])
    more = f" and {len(cases) - MOST_LISTED} more" if len(cases) > MOST_LISTED else ""
    return [f"only in {letter}: {names}{more}"]


def _unlike(comparison: Comparison) -> list[str]:
    """The conditions that differ, but for the commits, which the head says."""
    unlike = [str(each) for each in comparison.unlike if each.name != "commit"]
    return [f"not alike: {'; '.join(unlike)}"] if unlike else []


def changes_of(comparison: Comparison) -> list[str]:
    """Every figure besides times that is not what it was, exactly: a line for each cell."""
    listed = [(cell, each) for cell in comparison.cells for each in cell.changes]
    return [
        f"{cell.case.label}: {', '.join(show_change_of(each) for _, each in group)}"
        for cell, group in groupby(listed, key=lambda pair: pair[0])
    ]


def show_change_of(change: Change) -> str:
    """'params 512 -> 516 (+0.78 %)'."""
    share = f" ({show_change(change.share)})" if change.share is not None else ""
    title = METRICS.get(change.metric).title if change.metric in METRICS else ""
    name = title or change.metric.replace("_", " ")
    return f"{name} {_exact(change.before)} -> {_exact(change.after)}{' B' * (change.unit == 'bytes')}{share}"


def _exact(value: int | float | str) -> str:
    return show_count(value) if isinstance(value, int) else str(value)


def _machine(comparison: Comparison) -> list[str]:
    """That the machine itself became slower or faster, where it did."""
    machine = comparison.machine
    if machine is None or not comparison.machine_changed:
        return []
    change = f"{abs(machine.ratio - 1):.0%}".replace("%", " %")
    direction = SLOWER if machine.ratio > 1 else FASTER
    interval = show_interval(machine)
    control = f"control matmul: {interval}x" if interval else "control matmul"
    advice = "; B/A leaves that out" if comparison.controls else ". Measure A again"
    return [f"this machine ran {change} {direction} ({control}){advice}"]


def outcome_of(comparison: Comparison) -> list[str]:
    """The last lines: how many cells of each verdict, all cells together, and the counts."""
    timed = _timed(comparison)
    lines = verdicts_of(comparison)
    if comparison.called(UNCLEAR):
        lines.append(ADVICE)
    if len(timed) * 0.05 >= 1:
        lines.append(
            f"Of {len(timed)} equal cells, about {round(len(timed) * 0.05)} may look different by chance."
        )
    changed = len({cell.case for cell, _ in comparison.changed})
    lines.append(f"Counts or memory changed in {_cells(changed)}." if changed else "No count changed.")
    if comparison.broken:
        lines.append(f"{_cells(len(comparison.broken))} can no longer be measured.")
    return lines


def verdicts_of(comparison: Comparison) -> list[str]:
    """How many cells of each verdict, and all cells together; nothing where none has two times."""
    timed = _timed(comparison)
    if not timed:
        return []
    counts = ", ".join(f"{len(comparison.called(verdict))} {verdict}" for verdict in ORDER)
    return [f"{_cells(len(timed))}: {counts}{_together(comparison)}"]


def _together(comparison: Comparison) -> str:
    if comparison.overall is None:
        return "."
    interval = f" ({show_interval(comparison.overall)})" if comparison.overall.interval else ""
    return f"; geometric mean {show_ratio(comparison.overall.ratio)}{interval}."


def _cells(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}"
