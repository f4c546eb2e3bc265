"""The bytes per second that a call reaches, over the device's bandwidth for as many bytes."""

from attnprof.metrics import Findings, Metric, Reading
from attnprof.metrics._rates import NO_PEAKS, bytes_per_second, share_of
from attnprof.units import show_byte_rate


def compute(findings: Findings) -> Reading:
    """Achieved bandwidth / that of the smallest measured working set that holds the minimal bytes."""
    if findings.peaks is None or findings.account is None:
        return Reading(None, note=NO_PEAKS)
    peak, _ = findings.peaks.bandwidth(findings.account.minimal_bytes)
    return share_of(peak, bytes_per_second(findings), show_byte_rate)


METRIC = Metric(
    kind="share",
    title="% of peak bandwidth",
    help="Achieved bandwidth over the measured one of a working set of that size",
    needs="timing",
    compute=compute,
    also=("account", "peaks"),
    on_device=True,
    better="more",
    interval=True,
    place=278,
    keep=8,
    shown=False,
    caption="% of peak bandwidth: over the measured one of as many bytes (± in points).",
)
