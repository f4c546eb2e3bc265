"""A metric's figure of a case, as the journal has it."""

from attnprof.metrics import Findings, Metric, Reading
from attnprof.records.checks import falsehood_of_figure
from attnprof.records.record import Measurement


def measure(metric: Metric, findings: Findings) -> Measurement:
    """The measurement of ``metric`` for the case of ``findings``.

    What cannot be a figure, as a plug-in's NaN or negative time, is missing, and the note says what it was.
    """
    why = findings.missing.get(metric.needs)
    reading = Reading(None, note=why) if why else metric.compute(findings)
    measurement = Measurement(
        metric.name,
        reading.value,
        metric.unit,
        reading.interval,
        reading.interval_kind,
        reading.n,
        reading.note,
    )
    problem = falsehood_of_figure(measurement)
    return (
        Measurement(metric.name, None, metric.unit, note=f"no figure: {problem}") if problem else measurement
    )
