"""Bytes per second that a call reaches, of those that any fusion has to move."""

from attnprof.metrics import Metric
from attnprof.metrics._rates import bytes_per_second

METRIC = Metric(
    kind="byte_rate",
    title="achieved bandwidth",
    help="Bytes per second: the minimal bytes over the device time, on a CPU over the latency",
    needs="timing",
    compute=bytes_per_second,
    also=("account",),
    on_device=True,
    better="more",
    interval=True,
    place=276,
    keep=8,
    shown=False,
    caption="achieved bandwidth: input, output and parameters once, over the {time}.",
)
