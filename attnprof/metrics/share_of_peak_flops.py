"""The FLOP/s that a call reaches, over those of the device's quickest product."""

from attnprof.metrics import Findings, Metric, Reading
from attnprof.metrics._rates import NO_PEAKS, flops_per_second, share_of
from attnprof.units import show_flop_rate


def compute(findings: Findings) -> Reading:
    """Achieved FLOPs / the measured rate of products, in the run's dtype."""
    if findings.peaks is None or "mac" not in findings.peaks.rates:
        return Reading(None, note=NO_PEAKS)
    return share_of(findings.peaks.rates["mac"], flops_per_second(findings), show_flop_rate)


METRIC = Metric(
    kind="share",
    title="% of peak FLOPs",
    help="Achieved FLOPs over the measured rate of the device's products",
    needs="timing",
    compute=compute,
    also=("account", "peaks"),
    on_device=True,
    better="more",
    interval=True,
    place=274,
    keep=8,
    shown=False,
    caption="% of peak FLOPs: over the measured FLOP/s of large products (± in points).",
)
