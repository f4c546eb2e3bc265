"""Whatever a text is, what reads it gives a value or says in one line what is wrong with it."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from attnprof.catalogue.inputs import parse_inputs
from attnprof.catalogue.selection import select
from attnprof.catalogue.values import parse_value
from attnprof.choosing.budget import parse_budget, show_budget
from attnprof.errors import AttnprofError, SpecError
from attnprof.grid import parse_point, parse_res
from attnprof.networks._places import parse_place
from attnprof.spec import Spec
from attnprof.spec.settings import SETTINGS
from attnprof.units import (
    parse_bytes,
    parse_count,
    parse_percentage,
    parse_rate,
    parse_seconds,
    parse_share,
)
from tests.faults.texts import GOOD, HOSTILE, LETTERS

PYTHONS_WORDS = "invalid literal", "could not convert", "Exceeds the limit"
READERS = (
    parse_bytes, parse_count, parse_percentage, parse_rate, parse_seconds, parse_share, parse_point, parse_res, parse_place,
    parse_inputs, parse_budget, parse_value, lambda text: select([text]),
)  # fmt: skip
GOOD_TEXTS = sorted({text for texts in GOOD.values() for text in texts})
# Texts of the letters that the grammars are made of, and good texts with something put into them.
NEARLY = st.builds(
    lambda text, at, more: text[:at] + more + text[at:],
    st.sampled_from(GOOD_TEXTS),
    st.integers(0, 12),
    st.one_of(
        st.text(LETTERS, max_size=3), st.sampled_from([text for text in HOSTILE if "\udcff" not in text])
    ),
)
TEXTS = st.one_of(st.text(LETTERS, max_size=12), st.text(max_size=8), NEARLY)
law = settings(
    max_examples=150, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


def refusal(read, *arguments, **settings):
    """What is wrong with the arguments; None where ``read`` takes them. Any other exception is a fault."""
    try:
        read(*arguments, **settings)
    except (ValueError, AttnprofError) as problem:
        return problem
    return None


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(text=TEXTS)
@example(text="9" * 5000)
@example(text="1e99")
@law
def test_a_text_is_read_or_refused_in_words(read, text):
    problem = refusal(read, text)
    assert problem is None or not str(problem).startswith(PYTHONS_WORDS)
    assert problem is None or str(problem)


NAMES = [name for name, setting in SETTINGS.items() if not isinstance(setting.default, bool)]


@pytest.mark.parametrize("name", NAMES)
@given(text=TEXTS)
@settings(law, max_examples=40)
def test_a_setting_takes_a_text_or_says_what_is_wrong_with_it(name, text):
    problem = refusal(
        Spec, **{name: text.replace(".py:", ":")}
    )  # a file would be imported by another process
    assert problem is None or isinstance(problem, SpecError)
    assert problem is None or (problem.fields[0][0] == name and all(problem.problems))


@given(text=TEXTS)
@law
def test_a_budget_that_is_read_is_read_again_as_it_is_written(text):
    try:
        budget = parse_budget(text)
    except (ValueError, AttnprofError):
        return
    assert parse_budget(", ".join(map(str, budget))) == budget
    assert show_budget(budget) or not budget
