"""What thop counts, for comparison: it calls this FLOPs, and papers used it."""

from attnprof.metrics._counter import macs_by

METRIC = macs_by("thop", "MACs as thop counts them (some operators left out, others added)")
