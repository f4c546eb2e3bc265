"""A metric that computes what is no figure leaves a missing one, and the note says what it was."""

from dataclasses import replace

import pytest

from attnprof.metrics import METRICS, Findings, Reading
from attnprof.metrics._measure import measure
from attnprof.records.case import Case
from attnprof.records.record import Measurement

FINDINGS = Findings(Case("se", 8, 7, 7))


def measured(reading):
    return measure(replace(METRICS.get("latency"), name="theirs", compute=lambda findings: reading), FINDINGS)


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (float("nan"), "no figure: theirs of nan"),
        (float("inf"), "no figure: theirs of inf"),
        (-0.5, "no figure: theirs of -0.5"),
        ("fast", "no figure: theirs of fast"),
    ],
)
def test_what_is_no_figure_is_missing_with_a_note(value, note):
    assert measured(Reading(value)) == Measurement("theirs", None, "s", note=note)


def test_a_figure_is_as_it_was_computed():
    reading = Reading(0.5, (0.4, 0.6), "samples", 9)
    assert measured(reading) == Measurement("theirs", 0.5, "s", (0.4, 0.6), "samples", 9)
