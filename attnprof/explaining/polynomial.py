"""Exact polynomials in C, H and W with rational coefficients: interpolated, compared, and written as text."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from math import gcd, prod

Powers = tuple[int, ...]  # of the variables, in their order
Signed = tuple[bool, str]  # a term of a sum: whether it is subtracted, and its text


@dataclass(frozen=True)
class Polynomial:
    """A sum of terms."""

    variables: tuple[str, ...]  # one letter each
    terms: tuple[tuple[Powers, Fraction], ...]  # powers and coefficient, not 0; the fastest growing first

    @classmethod
    def of(cls, variables: Sequence[str], terms: Mapping[Powers, Fraction | int]) -> "Polynomial":
        """From a coefficient for each tuple of powers, in any order; zeros are dropped."""
        nonzero = {powers: Fraction(c) for powers, c in terms.items() if c}
        ordered = sorted(nonzero.items(), key=lambda term: (sum(term[0]), term[0]), reverse=True)
        return cls(tuple(variables), tuple(ordered))

    def __call__(self, *values: int) -> Fraction:
        """The value where the variables have ``values``."""
        return sum((c * prod(map(pow, values, powers)) for powers, c in self.terms), Fraction(0))

    def growth(self) -> "Polynomial":
        """The terms that no other outgrows, each with the coefficient 1: C^2 H W for 3 C^2 H W + 5 C."""
        powers = [own for own, _ in self.terms]
        leading = [p for p in powers if not any(_is_outgrown(p, q) for q in powers)]
        return Polynomial.of(self.variables, dict.fromkeys(leading, 1))

    def __str__(self) -> str:
        """The shortest of: expanded, one factor in front, and grouped by what the map's size contributes."""
        ways = (_written(self, factor, group) for group in (False, True) for factor in (False, True))
        return min(ways, key=len)  # the first of equally long ones


def _is_outgrown(powers: Powers, other: Powers) -> bool:
    return powers != other and all(map(int.__le__, powers, other))


def interpolate(
    variables: Sequence[str], nodes: Sequence[Sequence[int]], values: Mapping[Powers, int]
) -> Polynomial:
    """The polynomial through ``values`` at every point of the grid of ``nodes``, one list per variable.

    Its degree in a variable is at most the number of that variable's nodes less one; then there is exactly
    one.
    """
    terms = {point: Fraction(values[point]) for point in product(*nodes)}
    for axis, numbers in enumerate(nodes):  # for one variable after the other, its numbers become its powers
        lines: dict[tuple[Powers, Powers], list[Fraction]] = defaultdict(list)
        for point, value in terms.items():  # in the order of the numbers
            lines[point[:axis], point[axis + 1 :]].append(value)
        terms = {
            (*before, power, *after): sum(map(Fraction.__mul__, row, line), Fraction(0))
            for (before, after), line in lines.items()
            for power, row in enumerate(_inverse(tuple(numbers)))
        }
    return Polynomial.of(variables, terms)


@cache
def _inverse(nodes: tuple[int, ...]) -> tuple[tuple[Fraction, ...], ...]:
    """Coefficients from values: row p gives that of x^p; column n is the n-th Lagrange polynomial."""
    columns = []
    for node in nodes:
        basis = [Fraction(1)]
        for other in nodes:
            if other != node:
                basis = _times_linear(basis, other, node - other)
        columns.append(basis)
    return tuple(zip(*columns, strict=True))


def _times_linear(coefficients: list[Fraction], root: int, divisor: int) -> list[Fraction]:
    """The coefficients, lowest power first, of p(x) (x - root) / divisor."""
    raised, same = [Fraction(0), *coefficients], [*coefficients, Fraction(0)]
    return [(up - root * low) / divisor for up, low in zip(raised, same, strict=True)]


def _written(p: Polynomial, factor: bool, group: bool) -> str:
    """p as text. factor: with the common factor in front. group: by powers of the map's sides."""
    number, powers = _common(p) if factor and len(p.terms) > 1 else (Fraction(1), (0,) * len(p.variables))
    if not any(powers):
        number = Fraction(1)
    rest = {tuple(map(int.__sub__, own, powers)): c / number for own, c in p.terms}
    inside = _sum(_groups(p.variables, rest) if group else _terms(p.variables, rest))
    return _term(number, _monomial(p.variables, powers), inside)[1] if any(powers) else inside


def _common(p: Polynomial) -> tuple[Fraction, Powers]:
    """The number (1 where denominators differ) and the powers that divide every term."""
    below = {c.denominator for _, c in p.terms}
    number = Fraction(gcd(*(c.numerator for _, c in p.terms)), *below) if len(below) == 1 else Fraction(1)
    return number, tuple(map(min, *(powers for powers, _ in p.terms)))


def _terms(variables: tuple[str, ...], terms: Mapping[Powers, Fraction]) -> list[Signed]:
    """Term by term; two that differ only by exchanging H and W become one: C H + C W is C (H + W)."""
    remaining = dict(Polynomial.of(variables, terms).terms)
    parts = []
    while remaining:
        powers, coefficient = next(iter(remaining.items()))
        del remaining[powers]
        other = _exchanged(variables, powers)
        if remaining.get(other) == coefficient:
            del remaining[other]
            parts.append(_term(coefficient, *_pair(variables, powers, other)))
        else:
            parts.append(_term(coefficient, _monomial(variables, powers)))
    return parts


def _groups(variables: tuple[str, ...], terms: Mapping[Powers, Fraction]) -> list[Signed]:
    """A polynomial in C for each product of H and W: H W (2 C + 5) + C^2 + 1."""
    groups = _by_sides(variables, terms)
    parts: list[Signed] = []
    while groups:
        sides = max(groups, key=lambda powers: (sum(powers), powers))
        inner = groups.pop(sides)
        other = _exchanged(variables, sides)
        is_pair = groups.get(other) == inner
        if is_pair:
            del groups[other]
        if len(inner) == 1 or not any(sides):
            factors = (sides, other) if is_pair else (sides,)
            parts += _terms(variables, _expanded(inner, factors))
        else:
            parts.append(_group(variables, sides, other if is_pair else None, inner))
    return parts


def _by_sides(
    variables: tuple[str, ...], terms: Mapping[Powers, Fraction]
) -> dict[Powers, dict[Powers, Fraction]]:
    """Terms in C, by the powers of H and W that they are multiplied with."""
    groups: dict[Powers, dict[Powers, Fraction]] = defaultdict(dict)
    for powers, coefficient in Polynomial.of(variables, terms).terms:
        of_channels = tuple(p if name == "C" else 0 for name, p in zip(variables, powers, strict=True))
        groups[tuple(map(int.__sub__, powers, of_channels))][of_channels] = coefficient
    return groups


def _expanded(inner: Mapping[Powers, Fraction], factors: Sequence[Powers]) -> dict[Powers, Fraction]:
    """The sum of ``inner`` times each of the factors."""
    terms = {}
    for powers, coefficient in inner.items():
        for factor in factors:
            terms[tuple(map(int.__add__, powers, factor))] = coefficient
    return terms


def _group(
    variables: tuple[str, ...], sides: Powers, other: Powers | None, inner: Mapping[Powers, Fraction]
) -> Signed:
    """H W (2 C + 5), or with the exchanged powers ``other`` C (H + W) (2 C + 5)."""
    front, pair = _monomial(variables, sides), ""
    if other is not None:
        front, pair = _pair(variables, sides, other)
    is_negative = next(iter(inner.values())) < 0
    terms = {powers: -c if is_negative else c for powers, c in inner.items()}
    return is_negative, _joined(front, f"({pair})" if pair else "", f"({_sum(_terms(variables, terms))})")


def _pair(variables: tuple[str, ...], powers: Powers, other: Powers) -> tuple[str, str]:
    """The common factor of two products, and the sum of the remaining factors: (C, H + W)."""
    common = tuple(map(min, powers, other))
    remaining = [tuple(map(int.__sub__, own, common)) for own in (powers, other)]
    return _monomial(variables, common), " + ".join(_monomial(variables, own) for own in remaining)


def _exchanged(variables: tuple[str, ...], powers: Powers) -> Powers:
    if "H" not in variables or "W" not in variables:
        return powers
    h, w = variables.index("H"), variables.index("W")
    swapped = list(powers)
    swapped[h], swapped[w] = powers[w], powers[h]
    return tuple(swapped)


def _monomial(variables: tuple[str, ...], powers: Powers) -> str:
    factors = dict(zip(variables, powers, strict=True))
    if factors.get("H") == factors.get("W", 0) and factors.get("H", 0) > 1:
        power = factors.pop("H")
        del factors["W"]
        return _joined(_monomial(tuple(factors), tuple(factors.values())), f"(H W)^{power}")
    return _joined(*(name if power == 1 else f"{name}^{power}" for name, power in factors.items() if power))


def _term(coefficient: Fraction, monomial: str, pair: str = "") -> Signed:
    """coefficient monomial (pair), the coefficient's denominator at the end."""
    over, under = abs(coefficient.numerator), coefficient.denominator
    if pair and (monomial or coefficient != 1):
        pair = f"({pair})"
    front = "" if over == 1 and (monomial or pair) else str(over)
    return coefficient < 0, _joined(front, monomial, pair) + (f"/{under}" if under > 1 else "")


def _sum(parts: Sequence[Signed]) -> str:
    if not parts:
        return "0"
    (is_negative, first), *others = parts
    texts = [f"-{first}" if is_negative else first]
    texts += [f"- {text}" if is_subtracted else f"+ {text}" for is_subtracted, text in others]
    return " ".join(texts)


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))
