"""Figures as tables print them: in millions or billions, of ten or of two, to so many digits."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

MILLION, BILLION = Decimal(10**6), Decimal(10**9)
MEBI, GIBI = Decimal(2**20), Decimal(2**30)


@dataclass(frozen=True)
class Unit:
    """What a table divides by. says: in words where it is not the usual one. params and macs: a count as the table has it,
    in millions and in billions."""

    says: str
    params: Callable[[int], Decimal]
    macs: Callable[[int | Fraction], Decimal]


def decimal_macs(count: int | Fraction) -> Decimal:
    """Billions."""
    return _exactly(count) / BILLION


def binary_macs(count: int | Fraction) -> Decimal:
    """Billions of 2^30; what is less than one of them is printed in millions of 2^20, and so taken here."""
    return _exactly(count) / GIBI if count > GIBI else _exactly(count) / MEBI / 1000


def _exactly(count: int | Fraction) -> Decimal:
    return Decimal(count.numerator) / count.denominator


DECIMAL = Unit("", lambda count: count / MILLION, decimal_macs)
BINARY = Unit("2^20 and 2^30 for millions and billions", lambda count: count / MEBI, binary_macs)
UNITS = (DECIMAL, BINARY)


def prints_as(value: Decimal, text: str) -> bool:
    """Whether ``value``, rounded to as many places as ``text`` has, is what it says."""
    said = Decimal(text)
    places = Decimal(1).scaleb(min(0, int(said.as_tuple().exponent)))
    return value.quantize(places, ROUND_HALF_UP) == said
