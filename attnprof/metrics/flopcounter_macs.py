"""What torch's FlopCounterMode counts on the CPU, for comparison."""

from attnprof.metrics._counter import macs_by

METRIC = macs_by(
    "flopcounter", "MACs as torch's FlopCounterMode counts them on the CPU (some operators left out)"
)
