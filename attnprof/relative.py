"""Figures as multiples of one module's: what eca takes over what se takes."""

from dataclasses import replace
from typing import Any

from attnprof.choosing.candidates import CONDITIONS, candidates, label, named
from attnprof.results import Results, varying

OVER = "_over_"
UNCLEAR = "the two intervals overlap: no difference is shown"
COSTS = {
    "params": "params",
    "macs": "macs",
    "flops": "flops",
    "latency_s": "latency",
    "peak_memory_bytes": "peak_memory",
    "activation_memory_bytes": "activation_memory",
}


def over(results: Results, baseline: str) -> Results:
    """``results`` with a column more per cost: its figure over that of ``baseline`` at the same point and mode.

    baseline: a module of the run, 'se', 'ge(theta)'. The columns are called 'latency_over_se'. A ratio that does not
    exist is None with the reason in the notes; one of latencies whose intervals overlap has the note UNCLEAR.
    Raises UnknownNameError for a module that is not in the run.
    """
    rows = results.rows()
    _, among = candidates(rows, results.notes)
    reference, vary = named(baseline, among), varying(rows, CONDITIONS)
    frame, notes = results.frame.copy(), dict(results.notes)
    for column, cost in COSTS.items():
        if column not in frame.columns or all(row[column] is None for row in rows):
            continue
        name = f"{cost}{OVER}{reference.name}"
        ratios: list[float | None] = []
        for number, row in enumerate(rows):
            point = label(row, vary)
            theirs, _ = reference.cells.get((point, row["mode"]), ({}, {}))
            ratio, note = _ratio(column, row, theirs)
            ratios.append(ratio)
            if note:
                notes[number, name] = note.format(f"{reference.name} at {point}")
        frame[name] = ratios
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return replace(results, frame=frame, notes=notes)


def _ratio(column: str, ours: dict[str, Any], theirs: Any) -> tuple[float | None, str]:
    """The ratio, and what is to be said of it; {} stands for the baseline and the point."""
    if ours[column] is None:
        return None, "it has no figure itself"
    if theirs.get(column) is None:
        return None, "there is no figure of {}"
    if not theirs[column]:
        return None, "the figure of {} is 0"
    same = ours["module"] == theirs["module"] and ours["variant"] == theirs["variant"]
    unclear = column == "latency_s" and not same and _overlap(ours, theirs)
    return float(ours[column] / theirs[column]), UNCLEAR if unclear else ""


def _overlap(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    low, high, their_low, their_high = (
        row.get(f"latency_ci_{end}_s") for row in (ours, theirs) for end in ("low", "high")
    )
    if low is None or high is None or their_low is None or their_high is None:
        return True  # without an interval nothing can be told apart
    return bool(low <= their_high and their_low <= high)
