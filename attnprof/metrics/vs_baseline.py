"""A call's time over that of the run's baseline, formed inside each process."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """The ratio of one process, with its interval; None, with the reason, where there is none."""
    ratio = findings.baseline
    if ratio is None:
        return Reading(None, note="there was no baseline beside it")
    if ratio.value is None:
        return Reading(None, note=ratio.why)
    return Reading(ratio.value, ratio.interval, "samples" if ratio.interval else "", ratio.n)


METRIC = Metric(
    kind="ratio",
    title="vs baseline",
    help="Latency over the baseline's, inside each process",
    needs="baseline",
    compute=compute,
    interval=True,
    place=135,
    keep=90,
    shown=False,
)
