"""Quantities in and out: what is parsed is exact, what is ambiguous is refused, what is shown can be read
back."""

from decimal import Decimal
from math import inf, isclose, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.units import (
    KINDS,
    MEMORY,
    SI,
    THIN,
    TIME,
    parse_bytes,
    parse_count,
    parse_percentage,
    parse_rate,
    parse_seconds,
    parse_share,
    show_byte_rate,
    show_bytes,
    show_count,
    show_figure,
    show_flop_rate,
    show_joules,
    show_seconds,
    show_share,
    significant,
)

law = settings(derandomize=True, deadline=None, max_examples=80)
PARSERS = (parse_count, parse_seconds, parse_bytes, parse_share, parse_rate, parse_percentage)
counts = st.integers(0, 10**21)


@given(counts, st.sampled_from(sorted(SI)), st.sampled_from(["", " "]))
@law
def test_a_count_with_a_prefix_is_exact(number, prefix, space):
    assert parse_count(f"{number}{space}{prefix}") == number * SI[prefix]


@given(counts)
@law
def test_decimal_places_of_a_count_are_exact(number):
    assert parse_count(f"{number // 1000}.{number % 1000:03d}k") == number


@given(counts.filter(lambda n: n % 1000))
@law
def test_a_fraction_of_a_count_is_refused(number):
    with pytest.raises(ValueError, match="not a whole number"):
        parse_count(f"{number // 1000}.{number % 1000:03d}")


@pytest.mark.parametrize("text", ["10m", "10 m", "1.5m"])
def test_a_small_m_is_refused_as_ambiguous(text):
    with pytest.raises(ValueError, match=r"ambiguous .*; write .*M$"):
        parse_count(text)
    with pytest.raises(ValueError, match="ambiguous"):
        parse_seconds(text)


def test_10m_is_answered_with_10M():
    with pytest.raises(ValueError, match="write 10M$"):
        parse_count("10m")


@pytest.mark.parametrize("text", ["10g", "10Ki", "10 kk", "3x"])
def test_an_unknown_prefix_is_refused(text):
    with pytest.raises(ValueError, match="unknown prefix"):
        parse_count(text)


@given(st.text(max_size=12))
@law
def test_what_is_no_quantity_is_a_value_error_and_nothing_else(text):
    for parse in PARSERS:
        try:
            found = parse(text)
        except ValueError:
            continue
        assert found >= 0


@given(st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,3})?", fullmatch=True))
@law
def test_a_unit_is_compulsory_for_time_and_memory_and_shares(number):
    for parse in (parse_seconds, parse_bytes, parse_share):
        with pytest.raises(ValueError, match="unit|share"):
            parse(number)


@given(st.integers(0, 10**9), st.sampled_from(sorted(TIME)))
@law
def test_a_duration_is_its_number_times_its_unit(number, unit):
    assert isclose(parse_seconds(f"{number}{unit}"), number * float(TIME[unit]), rel_tol=1e-12)


@pytest.mark.parametrize(("text", "seconds"), [("0.2ms", 2e-4), ("75s", 75), ("2min", 120), ("1e-3 s", 1e-3)])
def test_durations_as_people_write_them(text, seconds):
    assert parse_seconds(text) == seconds


@given(st.integers(0, 10**9), st.sampled_from(sorted(MEMORY)))
@law
def test_memory_is_an_exact_integer(number, unit):
    found = parse_bytes(f"{number}{unit}")
    assert found == number * MEMORY[unit]
    assert type(found) is int


def test_decimal_and_binary_memory_differ():
    assert parse_bytes("4GiB") - parse_bytes("4GB") == 4 * (2**30 - 10**9)


@given(st.integers(1, 99_999))
@law
def test_a_share_is_a_hundredth_of_its_figure(thousandths):
    assert isclose(parse_share(f"{thousandths / 1000}%"), thousandths / 100_000, rel_tol=1e-12)


@pytest.mark.parametrize("text", ["0%", "100%", "250%", "1 k%", "-1%", "%"])
def test_a_share_outside_0_to_100_is_refused(text):
    with pytest.raises(ValueError, match="share|quantity"):
        parse_share(text)


@given(st.integers(0, 2**80))
@law
def test_every_digit_of_a_count_is_shown(count):
    assert show_count(count).replace(THIN, "") == str(count)


def test_digits_are_grouped_by_threes():
    assert show_count(655097856) == f"655{THIN}097{THIN}856"
    assert show_count(999) == "999"


@given(st.floats(1e-9, 1e5))
@law
def test_a_shown_duration_can_be_read_back_to_three_digits(seconds):
    assert isclose(parse_seconds(show_seconds(seconds)), seconds, rel_tol=0.00501)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.12e-4, "312 µs"), (1.5, "1.50 s"), (0.0123, "12.3 ms"), (4.2e-8, "42.0 ns"), (0, "0 ns")],
)
def test_durations_as_they_are_shown(seconds, text):
    assert show_seconds(seconds) == text


@given(st.integers(0, 2**50))
@law
def test_shown_memory_can_be_read_back_to_three_digits(count):
    shown = show_bytes(count)
    if count < 1024:
        assert shown == f"{count} B"
    assert isclose(parse_bytes(shown), count, rel_tol=0.00501)


@pytest.mark.parametrize(
    ("share", "text"), [(0.008, "0.8 %"), (0.12, "12 %"), (0.0996, "10 %"), (0.0994, "9.9 %"), (0, "0.0 %")]
)
def test_shares_as_they_are_shown(share, text):
    assert show_share(share) == text


@given(st.floats(1e-12, 1e15), st.integers(1, 6))
@law
def test_significant_digits_are_kept_without_an_exponent(value, digits):
    shown = significant(value, digits)
    assert "e" not in shown
    assert isclose(float(shown), value, rel_tol=0.501 * 10 ** (1 - digits))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (inf, "inf"), (nan, "nan"), (0.99999, "1.00"), (1234567.0, "1234567"), (-2.5, "-2.50")],
)
def test_significant_digits_at_the_edges(value, text):
    assert significant(value) == text


def test_a_rate_may_have_a_prefix_a_fraction_and_its_unit():
    assert [parse_rate(text) for text in ("5k", "12.5", "5k/s", "1.5 M")] == [5e3, 12.5, 5e3, 1.5e6]
    with pytest.raises(ValueError, match="ambiguous"):
        parse_rate("10m")
    with pytest.raises(ValueError, match="unknown prefix 'ms'"):
        parse_rate("10ms")


def test_a_percentage_may_have_its_sign_and_ends_at_100():
    assert [str(parse_percentage(text)) for text in ("77", "77.5%", " 0 ")] == ["77", "77.5", "0"]
    for text in ("101", "77 points", "1e3"):
        with pytest.raises(ValueError, match="percentage"):
            parse_percentage(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (show_flop_rate(1.25e12), "1.25 TFLOP/s"),
        (show_flop_rate(9.875e9), "9.88 GFLOP/s"),
        (show_flop_rate(5.0), "5.00 FLOP/s"),
        (show_joules(0.00240), "2.40 mJ"),
        (show_joules(4e-7), "0.400 µJ"),
        (show_figure("joules", 12.0, (11.4, 12.6)), "12.0 J ± 5.0 %"),
        (show_byte_rate(4.8e12), "4.80 TB/s"),
        (show_byte_rate(412e9), "412 GB/s"),
        (show_figure("byte_rate", 12.3456e9, (12.34e9, 12.35e9)), "12.346 GB/s ± 0.0 %"),
    ],
)
def test_rates_of_work_are_shown_in_the_units_of_data_sheets(text, shown):
    assert text == shown


PRINTED = (  # what tables print, and what it stands for
    ("166\u202fµs", parse_seconds, 166e-6),
    ("166 \u03bcs", parse_seconds, 166e-6),
    ("166 us", parse_seconds, 166e-6),
    ("8\u202f192", parse_count, 8192),
    ("8 192", parse_count, 8192),
    ("25\u00a0557\u00a0032", parse_count, 25557032),
    ("1.69\u202fk", parse_count, 1690),
    ("784 KiB", parse_bytes, 784 * 1024),
    ("1\u202f234.5/s", parse_rate, 1234.5),
    ("16.9 %", parse_share, 0.169),
)


@pytest.mark.parametrize(("text", "parse", "value"), PRINTED)
def test_what_a_table_prints_can_be_typed_into_an_option(text, parse, value):
    assert parse(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["8 19", "8 1920", "8  192", "1.5 000 00"])
def test_digits_are_grouped_by_three_or_not_at_all(text):
    with pytest.raises(ValueError, match="not a quantity"):
        parse_count(text)


@given(st.integers(1, 10**12), st.sampled_from(("seconds", "bytes", "count", "rate")))
def test_a_limit_is_read_back_as_it_is_printed_and_as_it_is_typed(number, kind):
    quantity = KINDS[kind]
    value = Decimal(number) / (1000 if kind == "seconds" else 1)
    for text in (quantity.print(value), quantity.write(value)):
        assert Decimal(repr(quantity.parse(text))) == value
