"""FLOP/s that a call reaches."""

from attnprof.metrics import Metric
from attnprof.metrics._rates import flops_per_second

METRIC = Metric(
    kind="flop_rate",
    title="achieved FLOPs",
    help="FLOPs per second: the exact count over the device time, on a CPU over the latency",
    needs="timing",
    compute=flops_per_second,
    also=("account",),
    on_device=True,
    better="more",
    interval=True,
    place=272,
    keep=8,
    shown=False,
    caption="achieved FLOPs: all floating-point operations, over the {time}.",
)
