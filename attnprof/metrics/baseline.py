"""The module that vs_baseline is a ratio to."""

from attnprof.metrics import Findings, Metric, Reading


def compute(findings: Findings) -> Reading:
    """Its name, with its variant; None where the case met none."""
    ratio = findings.baseline
    return Reading(None, note="there was no baseline beside it") if ratio is None else Reading(ratio.baseline)


METRIC = Metric(
    kind="text",
    title="baseline",
    help="The module that vs_baseline is a ratio to",
    needs="baseline",
    compute=compute,
    better="",
    place=136,
    keep=1,
    shown=False,
)
