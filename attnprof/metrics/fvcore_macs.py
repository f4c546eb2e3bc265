"""What fvcore counts, for comparison: it calls this FLOPs, and papers used it."""

from attnprof.metrics._counter import macs_by

METRIC = macs_by("fvcore", "MACs as fvcore counts them (some operators left out, others added)")
