"""The budget language: what it reads it writes again, what is no budget is refused in a sentence, and nothing
crashes it."""

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attnprof.choosing.budget import as_table, limits_of, parse_bound, parse_budget, read_budget, show_budget
from attnprof.choosing.measures import measure_named, measures
from attnprof.errors import AttnprofError

law = settings(derandomize=True, deadline=None, max_examples=150)

UNITS = {
    "count": ["", "k", "M", "G"],
    "seconds": ["ns", "us", "ms", "s", "min"],
    "bytes": ["B", "kB", "KiB", "MiB", "GiB"],
    "rate": ["", "k", "k/s"],
    "percentage": ["", "%"],
}
REFERENCES = ["se", "cbam(reduction=8)", "ge(theta-minus)", "my.py:Gate", "cbam(reduction=8,bias=true)"]


@st.composite
def limits(draw):
    measure = draw(st.sampled_from(list(measures().values())))
    if measure.column and draw(st.booleans()):
        factor = draw(st.decimals("0.001", "1000", places=3))
        bound = f"{factor}x:{draw(st.sampled_from(REFERENCES))}"
    elif measure.kind in ("count", "bytes"):
        bound = f"{draw(st.integers(0, 10**6))}{draw(st.sampled_from(UNITS[measure.kind]))}"
    elif measure.kind == "percentage":
        bound = f"{draw(st.decimals(0, 100, places=3))}{draw(st.sampled_from(UNITS[measure.kind]))}"
    else:
        bound = f"{draw(st.decimals(0, 10**6, places=4))}{draw(st.sampled_from(UNITS[measure.kind]))}"
    space = draw(st.sampled_from(["", " "]))
    return f"{measure.name}{space}{measure.sign}{space}{bound}"


@given(st.lists(limits(), max_size=5))
@law
def test_what_is_printed_is_parsed_as_the_same_budget(texts):
    budget = parse_budget(", ".join(texts))
    assert parse_budget(", ".join(map(str, budget))) == budget
    assert parse_budget(show_budget(budget).replace(" and ", ",")) == budget
    assert read_budget(as_table(budget)) == budget


@given(st.lists(limits(), max_size=5))
@law
def test_printing_is_canonical(texts):
    budget = parse_budget(", ".join(texts))
    assert [str(limit) for limit in parse_budget(", ".join(map(str, budget)))] == [
        str(limit) for limit in budget
    ]


def mistaken(call, *arguments):
    """What ``call`` refuses with, '' where it answers; any other end fails the test."""
    try:
        call(*arguments)
    except (ValueError, AttnprofError) as problem:
        return str(problem)
    return ""


@given(st.text())
@example("params<=" + "9" * 5000)
@example("latency<=1e99h")
@example("latency<=0." + "0" * 500 + "1x:se")
@example("memory<=" + "9" * 400 + "TiB")
@example("params<=10k,,")
@example("latency<=1x:(((")
@example("top1>=NaN")
@law
def test_no_text_crashes_the_parser(text):
    mistaken(parse_budget, text)
    mistaken(limits_of, text, text)


@given(
    st.sampled_from(list(measures().values())),
    st.text(alphabet="0123456789.xkmMGBiusnh:<>=() ,e-", max_size=20),
)
@law
def test_no_bound_crashes_the_parser(measure, text):
    mistaken(parse_bound, measure, text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    )
)
@law
def test_nothing_that_toml_can_hold_crashes_it(value):
    mistaken(read_budget, value)
    for name in ("params", "latency", "top1"):
        mistaken(limits_of, name, value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("params<=10m", "'10m' is ambiguous (milli or mega?); write 10M"),
        ("latency<=3", "'3' needs a unit of time: ns, us, µs, ms, s, min, h"),
        ("memory<=8", "'8' needs a unit of memory: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"),
        ("paramz<=3", "'paramz': no such metric. Did you mean 'params'?"),
        ("latency>=3ms", "'latency>=3ms': latency is a cost; write latency<=0.2ms"),
        ("throughput<=3", "'throughput<=3': throughput is better when it is more; write throughput>=5k"),
        ("latency<3ms", "'latency<3ms': write latency<=3ms"),
        ("params=3", "'params=3': write params<=3"),
        ("params", "'params' is no limit; write params<=10k, or latency<=1.2x:se"),
        ("params<=", "'params<=' has no bound; write params<=10k"),
        ("latency<=1.2x", "'latency<=1.2x': times what? write latency<=1.2x:se"),
        ("latency<=0x:se", "'latency<=0x:se': a factor is more than 0 and at most 1e+9"),
        ("top1>=1.1x:se", "'top1>=1.1x:se': it is no multiple; write top1>=77"),
        ("top1>=101", "'101' is not a percentage between 0 and 100"),
        ("params<=0.5", "'0.5' is not a whole number"),
        ("params<=1e19", "'1e19' is more than anything that is counted or measured here"),
        ("latency<=1x:a b", "'latency<=1x:a b': 'a b' is no module; write a name, or name(reduction=8)"),
    ],
)
def test_what_is_no_budget_is_refused_with_what_to_write(text, says):
    with pytest.raises((ValueError, AttnprofError)) as caught:
        parse_budget(text)
    assert str(caught.value) == says


def test_a_small_m_is_ambiguous_wherever_a_count_may_stand():
    for measure in measures().values():
        assert "ambiguous" in mistaken(parse_bound, measure, "10m") or measure.kind in ("bytes", "percentage")


def test_the_units_of_a_bound_are_exact():
    params, latency, memory = parse_budget("params<=1.5k, latency<=0.2ms, memory<=8MiB")
    assert (params.value, latency.value, memory.value) == (1500, Decimal("0.0002"), 8 * 2**20)


def test_a_mathematicians_sign_is_read_too():
    assert parse_budget("params ≤ 10k, throughput ≥ 5k") == parse_budget("params<=10k,throughput>=5k")


def test_hyphens_and_capitals_name_the_same_metric():
    assert measure_named("train-latency") is measure_named(" Train_Latency ") is measures()["train_latency"]


def test_a_comma_inside_of_a_module_ends_no_limit():
    (limit,) = parse_budget("latency<=2x:cbam(reduction=8,bias=true)")
    assert limit.reference == "cbam(reduction=8,bias=true)"


def test_a_limit_that_stands_twice_counts_once_and_two_on_one_metric_are_both_kept():
    budget = parse_budget("latency<=1ms, params<=3, latency<=1000us, latency<=1.2x:se")
    assert list(map(str, budget)) == ["latency<=1ms", "latency<=1.2x:se", "params<=3"]


def test_a_table_may_leave_the_sign_out_and_may_hold_numbers_and_lists():
    assert read_budget({"params": 10000, "latency": ["<=1ms", "1.2x:se"]}) == parse_budget(
        "params<=10k, latency<=1ms, latency<=1.2x:se"
    )


def test_none_is_no_budget():
    assert read_budget("none") == read_budget("") == read_budget({}) == ()
