"""Figures as tables print them: in millions or billions, of ten or of two, to so many digits."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction

MILLION, BILLION = Decimal(10**6), Decimal(10**9)
MEBI, GIBI = Decimal(2**20), Decimal(2**30)


@dataclass(frozen=True)
class Unit:
    """What a table divides by."""

    says: str  # in words; empty for powers of ten
    params: Callable[[int], Decimal]  # a count in its millions
    macs: Callable[[int | Fraction], Decimal]  # a count in its billions


def decimal_macs(count: int | Fraction) -> Decimal:
    """Billions."""
    return _exactly(count) / BILLION


def binary_macs(count: int | Fraction) -> Decimal:
    """Billions of 2^30; below one, millions of 2^20 over 1000, as tables print them."""
    return _exactly(count) / GIBI if count > GIBI else _exactly(count) / MEBI / 1000


def _exactly(count: int | Fraction) -> Decimal:
    return Decimal(count.numerator) / count.denominator


DECIMAL = Unit("", lambda count: count / MILLION, decimal_macs)
BINARY = Unit("2^20 and 2^30 for millions and billions", lambda count: count / MEBI, binary_macs)
UNITS = (DECIMAL, BINARY)


def prints_as(value: Decimal, text: str) -> bool:
    """Whether ``value``, rounded to as many places as ``text`` has, is printed as ``text``."""
    return _with_places_of(text, value, ROUND_HALF_UP) == Decimal(text)


def cuts_to(value: Decimal, text: str) -> bool:
    """Whether ``value``, cut off behind as many places as ``text`` has, is ``text``."""
    return _with_places_of(text, value, ROUND_DOWN) == Decimal(text)


def _with_places_of(text: str, value: Decimal, rounding: str) -> Decimal:
    places = Decimal(1).scaleb(min(0, int(Decimal(text).as_tuple().exponent)))
    return value.quantize(places, rounding)
