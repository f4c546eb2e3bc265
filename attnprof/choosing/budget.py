"""The budget language: 'params<=10k, latency<=1.2x:se' in, limits out, and back to the same text.

A limit is absolute ('latency<=0.2ms') or relative to another module of the same run ('latency<=1.2x:se').
Only what a budget can mean is one: a cost is bounded from above, what is better when it is more from below.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from attnprof.catalogue.selection import split
from attnprof.choosing.measures import Measure, measure_named

_LIMIT = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*(<=|>=|≤|≥|=<|=>|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
_BOUND = re.compile(r"\s*(?:(<=|>=|≤|≥)\s*)?(.*?)\s*", re.DOTALL)
_RELATIVE = re.compile(r"([0-9]+(?:[.][0-9]*)?|[.][0-9]+)\s*x\s*(?::\s*(.*))?", re.DOTALL)
_REFERENCE = re.compile(r"[^()\s,]+(?:[(][^()]*[)])?")
_SIGNS = {"≤": "<=", "≥": ">="}
LARGEST_FACTOR = Decimal(10) ** 9


@dataclass(frozen=True)
class Limit:
    """One bound.

    value: in base units; or, where ``reference`` names a module, a multiple of what that one costs.
    """

    measure: Measure
    value: Decimal
    reference: str = ""

    @property
    def bound(self) -> str:
        """The right-hand side: '10k', '1.2x:se'."""
        return (
            f"{_digits(self.value)}x:{self.reference}" if self.reference else self.measure.write(self.value)
        )

    def __str__(self) -> str:
        return f"{self.measure.name}{self.measure.sign}{self.bound}"


Budget = tuple[Limit, ...]


def parse_limit(text: str) -> Limit:
    """The limit that ``text`` states: 'params<=10k'.

    Raises ValueError, UnknownNameError in words for the user.
    """
    found = _LIMIT.fullmatch(text)
    if not found:
        raise ValueError(f"{text.strip()!r} is no limit; write params<=10k, or latency<=1.2x:se")
    name, sign, bound = found.groups()
    measure = measure_named(name)
    return _limit(measure, _SIGNS.get(sign, sign), bound, text.strip())


def parse_bound(measure: Measure, text: str) -> Limit:
    """The limit on ``measure`` whose right-hand side is ``text``, with its sign or without: '<=10k', '1.2x:se'.

    Raises ValueError.
    """
    found = _BOUND.fullmatch(text)
    assert found is not None  # any text matches
    sign, bound = found.groups()
    return _limit(measure, _SIGNS.get(sign, sign) or measure.sign, bound, f"{measure.name}{text.strip()}")


def parse_budget(text: str) -> Budget:
    """The limits of 'params<=10k, latency<=0.2ms', each once. Raises ValueError, UnknownNameError."""
    return _each_once(parse_limit(part) for part in split(text))


def read_budget(given: Any) -> Budget:
    """A budget from what TOML, an option or Python gives: a text, a table, or several limits.

    Raises as ``parse_budget``.

    A table has a metric's name as key, and a bound or a list of bounds as value.
    """
    if isinstance(given, str):
        return () if given == "none" else parse_budget(given)
    if isinstance(given, Limit):
        return (given,)
    if isinstance(given, Mapping):
        return _each_once(limit for name, bounds in given.items() for limit in limits_of(str(name), bounds))
    if isinstance(given, Iterable):
        return _each_once(limit for each in given for limit in read_budget(each))
    raise ValueError(f"{given!r} is no budget; write params<=10k, latency<=0.2ms")


def limits_of(name: str, bounds: Any) -> Budget:
    """The limits that one line of a [budget] table sets: ``latency = "<=0.2ms"``, or a list of bounds."""
    listed = bounds if isinstance(bounds, list | tuple) else [bounds]
    measure = measure_named(name)
    for bound in listed:
        if isinstance(bound, bool) or not isinstance(bound, str | int | float):
            raise ValueError(
                f'{bound!r} is no bound; write {name} = "{measure.sign}{measure.quantity.example}"'
            )
    return tuple(parse_bound(measure, str(bound)) for bound in listed)


def as_table(budget: Budget) -> dict[str, list[str]]:
    """The [budget] table that gives ``budget`` again."""
    table: dict[str, list[str]] = {}
    for limit in budget:
        table.setdefault(limit.measure.name, []).append(f"{limit.measure.sign}{limit.bound}")
    return table


def show_budget(budget: Budget) -> str:
    """As a sentence: 'params <= 10k and latency <= 1.2x:se'."""
    return " and ".join(f"{limit.measure.name} {limit.measure.sign} {limit.bound}" for limit in budget)


def _limit(measure: Measure, sign: str, bound: str, text: str) -> Limit:
    if sign != measure.sign:
        if sign in (">=", "<=", "=>", "=<", ">", "<") and sign.strip("=") != measure.sign.strip("="):
            what = "better when it is more" if measure.more else "a cost"
            raise ValueError(f"{text!r}: {measure.name} is {what}; write {measure.example}")
        raise ValueError(f"{text!r}: write {measure.name}{measure.sign}{bound or measure.quantity.example}")
    if not bound:
        raise ValueError(f"{text!r} has no bound; write {measure.example}")
    relative = _RELATIVE.fullmatch(bound)
    if not relative:
        return Limit(measure, measure.read(bound))
    factor, reference = Decimal(relative[1]), (relative[2] or "").strip()
    if not reference or not measure.column:
        hint = f"{measure.name}{measure.sign}{factor}x:se" if measure.column else measure.example
        raise ValueError(
            f"{text!r}: {'times what?' if measure.column else 'it is no multiple;'} write {hint}"
        )
    if not 0 < factor <= LARGEST_FACTOR:
        raise ValueError(f"{text!r}: a factor is more than 0 and at most {LARGEST_FACTOR:.0e}")
    if not _REFERENCE.fullmatch(reference):
        raise ValueError(f"{text!r}: {reference!r} is no module; write a name, or name(reduction=8)")
    return Limit(measure, factor, reference)


def _digits(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _each_once(limits: Iterable[Limit]) -> Budget:
    # Grouped by metric as a [budget] table is, so that one budget has one order.
    grouped: dict[str, dict[Limit, None]] = {}
    for limit in limits:
        grouped.setdefault(limit.measure.name, {})[limit] = None
    return tuple(limit for group in grouped.values() for limit in group)
