"""Quantities as people write and read them: '10k', '0.2ms', '4GiB' in; '8 192', '0.31 ms ± 1 %' out.

Inside, everything is a base unit: seconds, bytes, exact counts.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from attnprof.stats import Interval

SI = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
TIME = {"ns": Decimal("1e-9"), "us": Decimal("1e-6"), "µs": Decimal("1e-6"), "ms": Decimal("1e-3")} | {
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
}
MEMORY = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12} | {
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
THIN = "\u202f"  # narrow no-break space: groups digits, and a line never breaks inside a number
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,2}))?\s*([a-zA-Zµ]*)\s*")
_BETWEEN_DIGITS = re.compile(rf"(?<=[0-9])[ \u00a0\u2009{THIN}](?=[0-9]{{3}}(?![0-9]))")
GREEK_MU = "\u03bc"  # which looks like the micro sign


def _split(text: str) -> tuple[Decimal, str]:
    quantity = _QUANTITY.fullmatch(_BETWEEN_DIGITS.sub("", text).replace(GREEK_MU, "µ"))
    if not quantity:
        raise ValueError(f"{text!r} is not a quantity")
    number, exponent, unit = quantity.groups()
    try:
        return Decimal(number).scaleb(int(exponent or 0)), unit
    except InvalidOperation as problem:  # pragma: no branch
        raise ValueError(f"{text!r} is not a quantity") from problem


def parse_count(text: str) -> int:
    """A count with an SI prefix: '10k' is 10000, '1.5M' is 1500000.

    Raises ValueError for '10m' (milli or mega?), for an unknown prefix, and for a fraction of one.
    """
    number, prefix = _split(text)
    if prefix == "m":
        raise ValueError(f"{text!r} is ambiguous (milli or mega?); write {text.strip()[:-1]}M")
    if prefix not in SI:
        raise ValueError(f"{text!r}: unknown prefix {prefix!r}; write k, M, G or T")
    value = number * SI[prefix]
    if value != int(value):
        raise ValueError(f"{text!r} is not a whole number")
    return int(value)


def parse_seconds(text: str) -> float:
    """A duration in seconds: '0.2ms', '75s', '2min'. Raises ValueError without a unit."""
    number, unit = _split(text)
    if unit == "m":
        raise ValueError(f"{text!r} is ambiguous (milli or minutes?); write {text.strip()[:-1]}ms or min")
    if unit not in TIME:
        raise ValueError(f"{text!r} needs a unit of time: {', '.join(TIME)}")
    return float(number * TIME[unit])


def parse_bytes(text: str) -> int:
    """An amount of memory in bytes: '8MiB', '4GB'. Raises ValueError without a unit."""
    number, unit = _split(text)
    if unit not in MEMORY:
        raise ValueError(f"{text!r} needs a unit of memory: {', '.join(MEMORY)}")
    if unit == "B" and number != int(number):
        raise ValueError(f"{text!r} is not a whole number of bytes")
    return int(number * MEMORY[unit])


def parse_share(text: str) -> float:
    """A share: '1%' is 0.01. Raises ValueError without the per cent sign."""
    stripped = text.strip()
    if not stripped.endswith("%"):
        raise ValueError(f"{text!r} is not a share; write 1%")
    number, unit = _split(stripped[:-1])
    if unit or not 0 < number < 100:
        raise ValueError(f"{text!r} is not a share between 0% and 100%")
    return float(number / 100)


def parse_rate(text: str) -> float:
    """A number per second with an SI prefix: '5k', '12.5', '5k/s'. Raises as ``parse_count`` does."""
    number, prefix = _split(text.strip().removesuffix("/s"))
    if prefix == "m":
        raise ValueError(f"{text!r} is ambiguous (milli or mega?); write M")
    if prefix not in SI:
        raise ValueError(f"{text!r}: unknown prefix {prefix!r}; write k, M, G or T")
    return float(number * SI[prefix])


def parse_percentage(text: str) -> Decimal:
    """A figure in per cent, sign or none: '77.5' and '77.5%' are 77.5. Raises ValueError beyond 0 to 100."""
    number, unit = _split(text.strip().removesuffix("%"))
    if unit or not 0 <= number <= 100:
        raise ValueError(f"{text!r} is not a percentage between 0 and 100")
    return number


def show_count(value: int) -> str:
    """An exact count, digits grouped by thin spaces: '655 097 856'."""
    return f"{value:,}".replace(",", THIN)


def group_digits(digits: str) -> str:
    """A number's digits, grouped before the point by thin spaces: '1234.5' is '1 234.5'."""
    whole, point, decimals = digits.partition(".")
    return f"{int(whole):,}".replace(",", THIN) + point + decimals if whole.isdecimal() else digits


def show_rounded(value: int) -> str:
    """A count to three significant digits with an SI prefix: '655 M'; below 1000 exact."""
    for prefix in ("T", "G", "M", "k"):
        if float(f"{value:.2e}") >= SI[prefix]:
            return f"{significant(value / SI[prefix])}{THIN}{prefix}"
    return str(value)


def show_seconds(value: float, digits: int = 3) -> str:
    """Seconds to so many significant digits with an SI prefix: '0.312 ms' is shown as '312 µs'."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= scale:
            return f"{significant(value / scale, digits)} {unit}"
    return f"{significant(value / 1e-9, digits)} ns"


def show_about(seconds: float) -> str:
    """A duration that is only expected: '8 s', '95 s', '4 min'."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def show_bytes(value: int) -> str:
    """Bytes with an IEC prefix to three significant digits; below 1 KiB exact."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if value >= MEMORY[unit]:
            return f"{significant(value / MEMORY[unit])} {unit}"
    return f"{value} B"


def show_share(value: float) -> str:
    """A share in per cent, one digit below ten: '0.8 %', '12 %'."""
    percent = 100 * value
    return f"{percent:.1f} %" if percent < 9.95 else f"{percent:.0f} %"


def show_change(value: float) -> str:
    """A relative change in per cent to two significant digits: '+0.061 %', '-12 %'; 0 is '0 %'."""
    return (
        f"{'+' if value > 0 else ''}{significant(100 * value, 2 if abs(value) < 0.0995 else 3)} %"
        if value
        else "0 %"
    )


def show_rate(value: float, digits: int = 3) -> str:
    """A number per second to so many significant digits: '1 234/s'."""
    return f"{group_digits(significant(value, digits))}/s"


def show_flop_rate(value: float, digits: int = 3) -> str:
    """FLOPs per second to so many significant digits: '1.25 TFLOP/s'."""
    return _in_largest(FLOP_RATES, value, digits)


def show_byte_rate(value: float, digits: int = 3) -> str:
    """Bytes per second to so many significant digits, in powers of ten, as data sheets are: '412 GB/s'."""
    return _in_largest(BYTE_RATES, value, digits)


def _in_largest(units: "tuple[Unit, ...]", value: float, digits: int) -> str:
    """``value`` in the largest of ``units`` that it is one of, else in the last of them."""
    symbol, size = next((unit for unit in units if value >= unit[1]), units[-1])
    return f"{significant(value / float(size), digits)} {symbol}"


def show_joules(value: float, digits: int = 3) -> str:
    """Joules to so many significant digits: '2.40 mJ'."""
    return _in_largest(ENERGIES, value, digits)


def show_intensity(value: float) -> str:
    """FLOPs per byte to three significant digits."""
    return f"{significant(value)} FLOP/byte"


def show_ratio(value: float) -> str:
    """A ratio to three significant digits: '1.35x'."""
    return f"{significant(value)}x"


def significant(value: float, digits: int = 3) -> str:
    """``value`` to so many significant digits, without an exponent."""
    if not isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    places = max(0, digits - 1 - floor(log10(abs(float(f"{value:.{digits - 1}e}")))))
    return f"{value:.{places}f}"


Unit = tuple[str, Decimal]  # its symbol, and how many base units it is
TIMES: tuple[Unit, ...] = (("s", Decimal(1)), *((unit, TIME[unit]) for unit in ("ms", "µs", "ns")))
SIZES: tuple[Unit, ...] = tuple((unit, Decimal(MEMORY[unit])) for unit in ("TiB", "GiB", "MiB", "KiB", "B"))
COUNTS: tuple[Unit, ...] = tuple((unit, Decimal(SI[unit])) for unit in ("T", "G", "M", "k", ""))
ONE: tuple[Unit, ...] = (("", Decimal(1)),)
FLOP_RATES: tuple[Unit, ...] = tuple(
    (f"{prefix}FLOP/s", Decimal(SI[prefix])) for prefix in ("T", "G", "M", "")
)
BYTE_RATES: tuple[Unit, ...] = tuple((f"{unit}/s", Decimal(MEMORY[unit])) for unit in ("TB", "GB", "MB", "B"))
ENERGIES: tuple[Unit, ...] = (("J", Decimal(1)), ("mJ", Decimal("1e-3")), ("µJ", Decimal("1e-6")))
KindName = Literal[
    "seconds",
    "joules",
    "bytes",
    "count",
    "rate",
    "flop_rate",
    "byte_rate",
    "intensity",
    "share",
    "ratio",
    "change",
    "percentage",
    "number",
    "text",
    "code",
]
SHOWN = 3  # significant digits of a figure whose interval does not ask for more
MOST_SHOWN = 6


@dataclass(frozen=True)
class Kind:
    """What sort of quantity a figure is: how it is named, read and printed."""

    show: Callable[..., str]  # rounded, with its unit; of what ``with_digits`` says, to so many digits
    unit: str = ""  # in the journal
    suffix: str = ""  # behind a metric's name in the CSV header
    units: tuple[Unit, ...] = ONE  # the largest first
    column_units: tuple[Unit, ...] = (
        ONE  # those that a column of figures may be printed in, the largest first
    )
    parse: Callable[[str], int | float | Decimal] = Decimal
    example: str = ""  # a limit of this kind
    with_digits: bool = False  # whether a figure with an interval is shown with the digits that it deserves

    def write(self, value: Decimal) -> str:
        """``value`` with every digit, as it is typed into an option: '10k', '500us', '8MiB'."""
        number, unit = self._in_best(value)
        return f"{number:f}{unit.replace('µ', 'u')}"

    def print(self, value: Decimal) -> str:
        """``value`` with every digit, as tables print it: '500 µs'. ``parse`` reads it too."""
        number, unit = self._in_best(value)
        return f"{number:f} {unit}".rstrip()

    def _in_best(self, value: Decimal) -> tuple[Decimal, str]:
        """``value`` in the largest unit in which it is short, and that unit."""
        scaled = [((value / scale).normalize(), unit) for unit, scale in self.units]
        short = [(number, unit) for number, unit in scaled if number >= 1 and _decimals(number) <= SHOWN]
        return short[0] if short else scaled[-1]


def _decimals(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)


KINDS: dict[KindName, Kind] = {
    "seconds": Kind(show_seconds, "s", "_s", TIMES, TIMES, parse_seconds, "0.2ms", with_digits=True),
    "joules": Kind(show_joules, "J", "_j", ENERGIES, ENERGIES, with_digits=True),
    "bytes": Kind(show_bytes, "bytes", "_bytes", SIZES, SIZES, parse_bytes, "8MiB"),
    "count": Kind(show_count, "count", "", COUNTS, ONE, parse_count, "10k"),
    "rate": Kind(
        show_rate, "1/s", "_per_s", COUNTS, (("1/s", Decimal(1)),), parse_rate, "5k", with_digits=True
    ),
    "flop_rate": Kind(show_flop_rate, "FLOP/s", "_per_s", FLOP_RATES, FLOP_RATES, with_digits=True),
    "byte_rate": Kind(show_byte_rate, "bytes/s", "_bytes_per_s", BYTE_RATES, BYTE_RATES, with_digits=True),
    "intensity": Kind(show_intensity, "FLOP/byte", column_units=(("FLOP/byte", Decimal(1)),)),
    "share": Kind(show_share, column_units=(("%", Decimal("0.01")),)),
    "ratio": Kind(show_ratio, "x"),
    "change": Kind(show_change, column_units=(("%", Decimal("0.01")),)),
    "percentage": Kind(lambda value: f"{Decimal(value):.4}", parse=parse_percentage, example="77"),
    "number": Kind(significant),
    "text": Kind(str),
    "code": Kind(str),  # a formula or a command
}


def deserved_digits(value: float, interval: "Interval | None") -> int:
    """Significant digits of a printed figure: to the first digit of its interval's half-width, three to six.

    Without an interval three.
    """
    half = half_width(value, interval)
    if not half or not value:
        return SHOWN
    return max(SHOWN, min(MOST_SHOWN, floor(log10(abs(value))) - floor(log10(half)) + 1))


def half_width(value: float, interval: "Interval | None") -> float:
    """The larger distance of ``value`` to an end of its interval; 0 without one."""
    return 0.0 if interval is None else max(value - interval[0], interval[1] - value)


def show_figure(
    kind: KindName, value: Any, interval: "Interval | None" = None, names: Sequence[str] = ()
) -> str:
    """A figure on its own: with its unit, and its interval where it has one: '0.312 ms ± 1.0 %'.

    The interval of a share or of a change is in percentage points, any other is relative. names: of the units
    that it may be in, where its kind has one of them.
    """
    if units := units_of(kind, names):
        return _show_in(_that_suits(units, abs(value)), value, interval)
    text = KINDS[kind].show(value)
    half = half_width(value, interval)
    if interval is None or not value:
        return text
    if KINDS[kind].with_digits:
        text = KINDS[kind].show(value, deserved_digits(value, interval))
    if kind == "share":
        text = f"{significant(100 * value, deserved_digits(value, interval))} %"
    return f"{text} ± {show_share(half if kind in POINTS else half / abs(value))}"


_CHOICES: dict[KindName, tuple[Unit, ...]] = {  # of kinds that may be printed in more units than they are
    "count": COUNTS,
    "bytes": tuple(
        sorted(((unit, Decimal(size)) for unit, size in MEMORY.items()), key=lambda unit: -unit[1])
    ),
}


def _show_in(unit: Unit, value: float, interval: "Interval | None") -> str:
    text = f"{group_digits(write_in(unit, value, interval))} {unit[0]}".rstrip()
    if interval is None or not value:
        return text
    return f"{text} ± {show_share(half_width(value, interval) / abs(value))}"


POINTS: tuple[KindName, ...] = ("share", "change")  # kinds whose intervals are shown in percentage points


UNITS_AS_TYPED = "k, M, G or T; us, ms or s; KiB, MiB, MB"


def units_of(kind: KindName, names: Sequence[str]) -> tuple[Unit, ...]:
    """The units of a kind that ``names`` names, the largest first; a count may have no prefix besides.

    Empty where it has none of them, and of what is printed in per cent.
    """
    if kind in POINTS:
        return ()
    units = tuple(unit for unit in (_CHOICES.get(kind) or KINDS[kind].column_units) if unit[0] in names)
    return (*units, *ONE) if units and kind == "count" else units


def parse_units(text: str) -> tuple[str, ...]:
    """The units of a list: 'M,G,us' is ('M', 'G', 'µs'). Raises ValueError for what is no unit."""
    names = [name.strip().replace(GREEK_MU, "µ") for name in text.split(",") if name.strip()]
    units = tuple("µs" if name == "us" else name for name in names)
    unknown = [unit for unit in units if not any(units_of(kind, [unit]) for kind in KINDS)]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no unit; write {UNITS_AS_TYPED}")
    return units


def column_unit(kind: KindName, values: Iterable[float], names: Sequence[str] = ()) -> Unit:
    """The unit that suits the median of ``values``, in base units.

    names: as of ``units_of``; of those that are named the one that suits the largest, as in papers.
    """
    sizes = sorted(abs(value) for value in values if value) or [0]
    if units := units_of(kind, names):
        return _that_suits(units, sizes[-1])
    return _that_suits(KINDS[kind].column_units, sizes[(len(sizes) - 1) // 2])


def _that_suits(units: Sequence[Unit], value: float) -> Unit:
    """The largest of ``units`` that ``value`` is one of, else the smallest."""
    return next((unit for unit in units if value >= unit[1]), units[-1])


def write_in(unit: Unit, value: float, interval: "Interval | None" = None) -> str:
    """The deserved digits of ``value`` in ``unit``, ungrouped; whole numbers of base units exactly."""
    _, factor = unit
    if not value or (factor == 1 and isinstance(value, int)):
        return str(int(value))
    text = significant(value / float(factor), deserved_digits(value, interval))
    is_finer = unit in COUNTS and isinstance(value, int) and len(text.partition(".")[2]) > log10(factor)
    return f"{value / float(factor):f}".rstrip("0") if is_finer else text  # no decimal is less than one
