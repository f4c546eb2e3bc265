"""--where: the rows of a run whose columns meet conditions, 'channels=64,macs<100M'."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from attnprof.catalogue.selection import split
from attnprof.errors import UsageError
from attnprof.grid import parse_res
from attnprof.results import Results
from attnprof.results.columns import Row, size
from attnprof.units import KINDS
from attnprof.views.run_columns import resolve

OPTION = "--where"
RES = "res"  # height and width as one word, as --res has it
TESTS: dict[str, Callable[[Any, Any], bool]] = {"!=": ne, "<=": le, ">=": ge, "=": eq, "<": lt, ">": gt}
OF_TEXTS = ("=", "!=")
_CONDITION = re.compile(r"(.+?)\s*(!=|<=|>=|=|<|>)\s*(.+)")


@dataclass(frozen=True)
class RowTest:
    """What a row's value has to be. A row without one meets no condition."""

    value: Callable[[Row], Any]
    test: Callable[[Any, Any], bool]
    bound: Any  # in the base unit

    def holds(self, row: Row) -> bool:
        """Whether ``row`` meets it."""
        value = self.value(row)
        return value is not None and self.test(value, self.bound)


def rows_where(results: Results, text: str) -> Results:
    """The rows that meet all conditions of ``text``; all rows where it has none.

    A condition is a column, '=', '!=', '<', '<=', '>' or '>=', and a value, with a unit where the column has
    one. Columns are named as in --columns; 'res' is height and width. Raises UsageError for a condition that
    cannot be read, and where no row is left.
    """
    conditions = [_condition(results, part) for part in split(text)]
    if not conditions:
        return results
    numbers = [
        number
        for number, row in enumerate(results.rows())
        if all(condition.holds(row) for condition in conditions)
    ]
    if not numbers:
        raise UsageError(f"{OPTION}: no row of this run has {text}")
    return results.only(numbers)


def _condition(results: Results, text: str) -> RowTest:
    parts = _CONDITION.fullmatch(text)
    if parts is None:
        raise UsageError(f"{OPTION}: {text!r} is no condition; write channels=64, res=56 or macs<100M")
    name, sign, bound = parts.groups()
    if name.lower() == RES:
        _require_sign_of_texts(name, sign)
        return RowTest(size, TESTS[sign], _res(bound))
    column = resolve(results, name, OPTION)
    if results.kinds.get(column, "text") == "text":
        _require_sign_of_texts(name, sign)
        return RowTest(lambda row: row.get(column), TESTS[sign], bound)
    return RowTest(lambda row: row.get(column), TESTS[sign], _number(results, column, bound))


def _require_sign_of_texts(name: str, sign: str) -> None:
    if sign not in OF_TEXTS:
        raise UsageError(f"{OPTION}: {name} has no order: write {name}= or {name}!=, not {name}{sign}")


def _res(text: str) -> str:
    """A map's size as ``size`` writes it: '56' is '56x56'."""
    try:
        height, width = parse_res(text)
    except ValueError as problem:
        raise UsageError(f"{OPTION}: {RES}: {problem}") from None
    return f"{height}x{width}"


def _number(results: Results, column: str, text: str) -> Any:
    """The figure in its base unit: '100M', '0.2ms', or as results.csv has it."""
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        pass
    try:
        return KINDS[results.kinds[column]].parse(text)
    except (ValueError, ArithmeticError) as problem:
        raise UsageError(f"{OPTION}: {column}: {problem}") from None
