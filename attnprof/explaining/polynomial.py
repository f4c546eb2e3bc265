"""Exact polynomials in C, H and W with rational coefficients: found from values, compared, and written as people write them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from math import gcd, prod

Powers = tuple[int, ...]  # of the variables, in their order
Signed = tuple[bool, str]  # part of a sum: whether it is taken away, and what


@dataclass(frozen=True)
class Polynomial:
    """A sum of terms. variables: one letter each. terms: powers and coefficient, none of them 0, the fastest growing first."""

    variables: tuple[str, ...]
    terms: tuple[tuple[Powers, Fraction], ...]

    @classmethod
    def of(cls, variables: Sequence[str], terms: Mapping[Powers, Fraction | int]) -> "Polynomial":
        """From a coefficient for each tuple of powers, in any order; those of 0 are left out."""
        kept = {powers: Fraction(c) for powers, c in terms.items() if c}
        ordered = sorted(kept.items(), key=lambda term: (sum(term[0]), term[0]), reverse=True)
        return cls(tuple(variables), tuple(ordered))

    def __call__(self, *values: int) -> Fraction:
        """The value where the variables have ``values``."""
        return sum((c * prod(map(pow, values, powers)) for powers, c in self.terms), Fraction(0))

    def growth(self) -> "Polynomial":
        """The terms that no other outgrows, each with the coefficient 1: C^2 H W for 3 C^2 H W + 5 C."""
        every = [powers for powers, _ in self.terms]
        kept = [p for p in every if not any(p != q and all(map(int.__le__, p, q)) for q in every)]
        return Polynomial.of(self.variables, dict.fromkeys(kept, 1))

    def __str__(self) -> str:
        """The shortest of: expanded, one factor in front, and grouped by what the map's size contributes."""
        ways = (_written(self, factor, group) for group in (False, True) for factor in (False, True))
        return min(ways, key=len)  # of equals the first


def interpolate(
    variables: Sequence[str], nodes: Sequence[Sequence[int]], values: Mapping[Powers, int]
) -> Polynomial:
    """The polynomial through ``values`` at every point of the grid that ``nodes``, one list per variable, span.

    Its degree in a variable is at most the number of that variable's nodes less one; then there is exactly
    one.
    """
    found = {point: Fraction(values[point]) for point in product(*nodes)}
    for axis, places in enumerate(nodes):  # one variable after the other, its places become its powers
        lines: dict[tuple[Powers, Powers], list[Fraction]] = defaultdict(list)
        for point, value in found.items():  # in the order of the places
            lines[point[:axis], point[axis + 1 :]].append(value)
        found = {
            (*before, power, *after): sum(map(Fraction.__mul__, row, line), Fraction(0))
            for (before, after), line in lines.items()
            for power, row in enumerate(_inverse(tuple(places)))
        }
    return Polynomial.of(variables, found)


@cache
def _inverse(places: tuple[int, ...]) -> tuple[tuple[Fraction, ...], ...]:
    """Coefficients from values: row p gives that of x^p. Column n is the Lagrange polynomial of the n-th place."""
    columns = []
    for here in places:
        basis = [Fraction(1)]
        for other in places:
            if other != here:
                raised = [Fraction(0), *basis]
                basis = [
                    (up - other * same) / (here - other)
                    for up, same in zip(raised, [*basis, Fraction(0)], strict=True)
                ]
        columns.append(basis)
    return tuple(zip(*columns, strict=True))


def _written(p: Polynomial, factor: bool, group: bool) -> str:
    """p as text. factor: what all terms have in common stands in front. group: by what the map's size contributes."""
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
    """Term by term; two that are the same but for H and W being exchanged are one: C H + C W is C (H + W)."""
    left = dict(Polynomial.of(variables, terms).terms)
    parts = []
    while left:
        powers, coefficient = next(iter(left.items()))
        del left[powers]
        other = _exchanged(variables, powers)
        if left.get(other) == coefficient:
            del left[other]
            parts.append(_term(coefficient, *_pair(variables, powers, other)))
        else:
            parts.append(_term(coefficient, _monomial(variables, powers)))
    return parts


def _groups(variables: tuple[str, ...], terms: Mapping[Powers, Fraction]) -> list[Signed]:
    """A polynomial in C for each product of H and W, those apart from 1 in parentheses: H W (2 C + 5) + C^2 + 1."""
    groups: dict[Powers, dict[Powers, Fraction]] = defaultdict(dict)
    for powers, coefficient in Polynomial.of(variables, terms).terms:
        own = tuple(power if name == "C" else 0 for name, power in zip(variables, powers, strict=True))
        groups[tuple(map(int.__sub__, powers, own))][own] = coefficient
    parts: list[Signed] = []
    while groups:
        spatial = max(groups, key=lambda powers: (sum(powers), powers))
        inner = groups.pop(spatial)
        other = _exchanged(variables, spatial)
        paired = groups.get(other) == inner
        if paired:
            del groups[other]
        if len(inner) == 1 or not any(spatial):
            both = (spatial, other) if paired else (spatial,)
            whole = {tuple(map(int.__add__, own, each)): c for own, c in inner.items() for each in both}
            parts += _terms(variables, whole)
            continue
        front, pair = _pair(variables, spatial, other) if paired else (_monomial(variables, spatial), "")
        negative = next(iter(inner.values())) < 0
        within = _sum(_terms(variables, {own: -c if negative else c for own, c in inner.items()}))
        parts.append((negative, _joined(front, f"({pair})" if pair else "", f"({within})")))
    return parts


def _pair(variables: tuple[str, ...], powers: Powers, other: Powers) -> tuple[str, str]:
    """What two products have in common, and the sum of what is left of each: (C, H + W)."""
    common = tuple(map(min, powers, other))
    ends = [_monomial(variables, tuple(map(int.__sub__, each, common))) for each in (powers, other)]
    return _monomial(variables, common), " + ".join(ends)


def _exchanged(variables: tuple[str, ...], powers: Powers) -> Powers:
    if "H" not in variables or "W" not in variables:
        return powers
    h, w = variables.index("H"), variables.index("W")
    swapped = list(powers)
    swapped[h], swapped[w] = powers[w], powers[h]
    return tuple(swapped)


def _monomial(variables: tuple[str, ...], powers: Powers) -> str:
    left = dict(zip(variables, powers, strict=True))
    if left.get("H") == left.get("W", 0) and left.get("H", 0) > 1:
        power = left.pop("H")
        del left["W"]
        return _joined(_monomial(tuple(left), tuple(left.values())), f"(H W)^{power}")
    return _joined(*(name if power == 1 else f"{name}^{power}" for name, power in left.items() if power))


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
    (negative, first), *others = parts
    return (
        ("-" if negative else "")
        + first
        + "".join(f" {'-' if minus else '+'} {text}" for minus, text in others)
    )


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))
