"""Seconds per call at the case's batch: the estimator's figure of the samples, with its interval."""

from attnprof.measuring.timing import Timing
from attnprof.metrics import Findings, Metric, Reading

NONE_CLEAN = "others took part of nearly every sample, and with several threads no clock leaves them out"


def compute(findings: Findings) -> Reading:
    """Figure and interval of the timing in one process; None where no sample counts."""
    timing = findings.timing
    assert timing is not None
    n = len(timing.samples)
    if not n:
        return Reading(None, note=NONE_CLEAN)
    notes = (
        [f"{timing.taken - n} of {timing.taken} samples {_whose(timing)} and are left out"]
        if n < timing.taken
        else []
    )
    notes += (
        [f"{n} sample{'' if n == 1 else 's'}: too few for an interval"] if timing.interval is None else []
    )
    return Reading(timing.seconds, timing.interval, timing.kind, n, "; ".join(notes))


def _whose(timing: Timing) -> str:
    """What the samples were that do not count."""
    return "were others', or of a slowed device," if timing.conditions else "were others'"


METRIC = Metric(
    kind="seconds",
    title="latency",
    help="Seconds per call",
    needs="timing",
    compute=compute,
    interval=True,
    place=130,
    keep=95,
    limit="latency",
    train_limit="train_latency",
    caption="latency: {estimator}, {inputs}{interval}.",
)
