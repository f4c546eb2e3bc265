"""A metric's figure of a case, as the journal has it."""

from attnprof.metrics import Findings, Metric
from attnprof.records.record import Measurement


def measure(metric: Metric, findings: Findings) -> Measurement:
    """The measurement of ``metric`` for the case of ``findings``."""
    reading = metric.compute(findings)
    return Measurement(
        metric.name,
        reading.value,
        metric.unit,
        reading.interval,
        reading.interval_kind,
        reading.n,
        reading.note,
    )
