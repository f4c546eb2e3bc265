"""The budget language: 'params<=10k, latency<=1.2x:se' in, limits out, and back to the same text.

A limit is absolute ('latency<=0.2ms') or relative to another module of the same run ('latency<=1.2x:se').
Costs have maxima; figures of which more is better have minima.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from attnprof.catalogue.selection import split
from attnprof.catalogue.user_location import cut_location
from attnprof.choosing.measures import Measure, measure_named

_LIMIT = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*(<=|>=|≤|≥|=<|=>|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
_BOUND = re.compile(r"\s*(?:(<=|>=|≤|≥)\s*)?(.*?)\s*", re.DOTALL)
_RELATIVE = re.compile(r"([0-9]+(?:[.][0-9]*)?|[.][0-9]+)\s*x\s*(?::\s*(.*))?", re.DOTALL)
_REFERENCE = re.compile(r"[^()\s,]+(?:[(].*[)])?", re.DOTALL)
_SETTINGS = re.compile(r"\s*(?:[(].*[)])?", re.DOTALL)
_SIGNS = {"≤": "<=", "≥": ">="}
LARGEST_FACTOR = Decimal(10) ** 9


@dataclass(frozen=True)
class Limit:
    """One limit of a budget."""

    measure: Measure
    value: Decimal  # in base units; with a reference, a multiple of its figure
    reference: str = ""  # the module that the limit is relative to

    @property
    def bound(self) -> str:
        """The right-hand side: '10k', '1.2x:se'."""
        if self.reference:
            return f"{_digits(self.value)}x:{self.reference}"
        return self.measure.write(self.value)

    @property
    def printed(self) -> str:
        """The right-hand side as tables print a figure: '10 k', '500 µs', '1.2x:se'."""
        return self.bound if self.reference else self.measure.quantity.print(self.value)

    def __str__(self) -> str:
        return f"{self.measure.name}{self.measure.sign}{self.bound}"


Budget = tuple[Limit, ...]


def parse_limit(text: str) -> Limit:
    """The limit that ``text`` states: 'params<=10k'.

    Raises ValueError, UnknownNameError in words for the user.
    """
    match = _LIMIT.fullmatch(text)
    if not match:
        raise ValueError(f"{text.strip()!r} is no limit; write params<=10k, or latency<=1.2x:se")
    name, sign, bound = match.groups()
    measure = measure_named(name)
    return _limit(measure, _SIGNS.get(sign, sign), bound, text.strip())


def parse_bound(measure: Measure, text: str) -> Limit:
    """The limit on ``measure`` with the right-hand side ``text``, with or without a sign: '<=10k', '1.2x:se'.

    Raises ValueError.
    """
    match = _BOUND.fullmatch(text)
    assert match is not None  # any text matches
    sign, bound = match.groups()
    return _limit(measure, _SIGNS.get(sign, sign) or measure.sign, bound, f"{measure.name}{text.strip()}")


def parse_budget(text: str) -> Budget:
    """The limits of 'params<=10k, latency<=0.2ms', each once. Raises ValueError, UnknownNameError."""
    return _each_once(parse_limit(part) for part in split(text))


def read_budget(source: Any) -> Budget:
    """A budget from TOML, an option or Python: a text, a table, a limit, or several of these.

    A table has a metric's name as key, and a bound or a list of bounds as value. Raises as ``parse_budget``.
    """
    if isinstance(source, str):
        return () if source == "none" else parse_budget(source)
    if isinstance(source, Limit):
        return (source,)
    if isinstance(source, Mapping):
        return _each_once(limit for name, bounds in source.items() for limit in limits_of(str(name), bounds))
    if isinstance(source, Iterable):
        return _each_once(limit for part in source for limit in read_budget(part))
    raise ValueError(f"{source!r} is no budget; write params<=10k, latency<=0.2ms")


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
    """As a sentence: 'params <= 10 k and latency <= 1.2x:se'."""
    return " and ".join(f"{limit.measure.name} {limit.measure.sign} {limit.printed}" for limit in budget)


def _limit(measure: Measure, sign: str, bound: str, text: str) -> Limit:
    _require_sign(measure, sign, bound, text)
    if not bound:
        raise ValueError(f"{text!r} has no bound; write {measure.example}")
    relative = _RELATIVE.fullmatch(bound)
    if not relative:
        return Limit(measure, measure.read(bound))
    return _relative_limit(measure, Decimal(relative[1]), (relative[2] or "").strip(), text)


def _require_sign(measure: Measure, sign: str, bound: str, text: str) -> None:
    """Raises ValueError unless the sign is that of the measure."""
    if sign == measure.sign:
        return
    if sign in (">=", "<=", "=>", "=<", ">", "<") and sign.strip("=") != measure.sign.strip("="):
        direction = "better when it is more" if measure.more else "a cost"
        raise ValueError(f"{text!r}: {measure.name} is {direction}; write {measure.example}")
    raise ValueError(f"{text!r}: write {measure.name}{measure.sign}{bound or measure.quantity.example}")


def _relative_limit(measure: Measure, factor: Decimal, reference: str, text: str) -> Limit:
    if not measure.column:
        raise ValueError(f"{text!r}: it is no multiple; write {measure.example}")
    if not reference:
        raise ValueError(f"{text!r}: times what? write {measure.name}{measure.sign}{factor}x:se")
    if not 0 < factor <= LARGEST_FACTOR:
        raise ValueError(f"{text!r}: a factor is more than 0 and at most {LARGEST_FACTOR:.0e}")
    location, rest = cut_location(reference)
    if not (_SETTINGS.fullmatch(rest) if location else _REFERENCE.fullmatch(reference)):
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
