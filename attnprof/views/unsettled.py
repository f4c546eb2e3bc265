"""What a choice could not settle: figures that are rough or missing, and the command that measures them."""

import shlex
from collections.abc import Iterable, Sequence

from attnprof.choosing.candidates import Candidate, Missing
from attnprof.choosing.choice import Choice
from attnprof.choosing.pareto import DOUBT
from attnprof.results import Results
from attnprof.results.columns import Row
from attnprof.runtimes import EAGER

MOST = 12  # modules in a command


def unsettled(choice: Choice, results: Results) -> list[str]:
    """Lines below a choice: which modules are judged provisionally, and how to decide."""
    provisional = [each.candidate for each in choice.chosen if each.is_provisional]
    undecided = [each.candidate for each in choice.rejected if each.is_open]
    missing = [] if choice.chosen else _without_figures(choice)
    wanted = [*undecided, *provisional, *missing]
    if not wanted:
        return []
    return [*_on_rough_figures(provisional, undecided), f"to decide: {_command(wanted, choice, results)}"]


def _on_rough_figures(provisional: Sequence[Candidate], undecided: Sequence[Candidate]) -> list[str]:
    lines = []
    if provisional or undecided:
        lines.append(f"~ rough figures, without an interval, count as {DOUBT} times as much: provisional.")
    if undecided:
        names = ", ".join(candidate.name for candidate in undecided[:MOST])
        lines.append(f"A better figure may admit {names}.")
    return lines


def _without_figures(choice: Choice) -> list[Candidate]:
    """The candidates that lack a figure which measuring gives; a published one it does not."""
    measurable = [limit.measure for limit in choice.budget if limit.measure.column]
    return [
        each.candidate
        for each in choice.rejected
        if any(
            isinstance(each.candidate.figure(measure, point), Missing)
            for measure in measurable
            for point in choice.points
        )
    ]


def _command(wanted: Sequence[Candidate], choice: Choice, results: Results) -> str:
    """The run that measures ``wanted``, and what limits compare them with."""
    trains = any(limit.measure.mode == "train" for limit in choice.budget)
    cells = _cells(_modules(wanted, choice), results.rows())
    return shlex.join(["attnprof", *cells, *(["--train"] if trains else []), "--quality", "paper"])


def _modules(wanted: Sequence[Candidate], choice: Choice) -> str:
    """``wanted`` and the references of the limits, as -m takes them; the whole catalogue for many."""
    references = [limit.reference for limit in choice.budget if limit.reference]
    names = dict.fromkeys([*map(_spelled, wanted), *references])
    return _joined(names) if len(names) <= MOST else "all"


def _cells(modules: str, rows: Sequence[Row]) -> list[str]:
    """The words that ask for ``modules`` where ``rows`` have them: networks or sizes, batches, runtimes."""
    networks = dict.fromkeys(row["host"] for row in rows if row.get("host"))
    batches = dict.fromkeys(row["batch"] for row in rows)
    conditions = ["--batch", _joined(batches)] if set(batches) != {1} else []
    conditions += _runtimes(rows)
    if networks:
        return ["host", _joined(networks), "--insert", modules, *conditions]
    return ["run", "-m", modules, *_sizes(rows), *conditions]


def _runtimes(rows: Sequence[Row]) -> list[str]:
    """The words that ask for the runtimes of ``rows``, and the mode of torch.compile; none for eager."""
    executions = [str(row.get("execution") or EAGER).partition(":") for row in rows]
    runtimes = dict.fromkeys(runtime for runtime, _, _ in executions)
    mode = next((mode for _, _, mode in executions if mode), "")
    words = ["--runtime", _joined(runtimes)] if set(runtimes) != {EAGER} else []
    return words + (["--compile-mode", mode] if mode else [])


def _spelled(candidate: Candidate) -> str:
    return f"{candidate.module}({candidate.variant})" if candidate.variant else candidate.module


def _sizes(rows: Sequence[Row]) -> list[str]:
    """The options that ask for the sizes of ``rows``."""
    points = dict.fromkeys((row["channels"], row["height"], row["width"]) for row in rows)
    channels = dict.fromkeys(c for c, _, _ in points)
    maps = dict.fromkeys((h, w) for _, h, w in points)
    if len(points) == len(channels) * len(maps):
        return ["--channels", _joined(channels), "--res", _joined(_map(h, w) for h, w in maps)]
    return ["--points", _joined(f"{c}@{_map(h, w)}" for c, h, w in points)]


def _map(height: int, width: int) -> str:
    return str(height) if height == width else f"{height}x{width}"


def _joined(values: Iterable[object]) -> str:
    return ",".join(map(str, values))
