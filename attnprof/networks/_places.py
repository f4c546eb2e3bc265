"""Where a module goes in a network, as text.

Examples: 'after_bn3', 'replace_conv2:4', 'layer*.*.bn3', 'before:blocks.*.mlp:last_2'. In general:

    [RELATION:]TARGET[:STAGES][:PICK]

RELATION  after, before or replace the target, or fuse the two maps that it takes; optional where the
          network's place, or the module, states it
TARGET    one of the network's own places, or a pattern of submodule names: * matches within one part of a
          dotted name, ** any number of parts
STAGES    '3' or '2-4', counted from 1
PICK      'last_2', 'first_2' or 'every_2' (the second, the fourth, ...) of the submodules selected so far

STAGES and PICK alone narrow the module's default place. In a network with stages, a submodule whose name is a
number needs a relation in front: 'after:3'.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TypeVar

AFTER, BEFORE, REPLACE, FUSE = RELATIONS = ("after", "before", "replace", "fuse")
_STAGES = re.compile(r"([1-9]\d{0,8})(?:-([1-9]\d{0,8}))?")
_PICK = re.compile(r"(last|first|every)_([1-9]\d{0,8})")
_TARGET = re.compile(r"[\w*?\[\]!-]+(?:\.[\w*?\[\]!-]+)*")

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A place, parsed."""

    relation: str = ""  # one of RELATIONS; empty where the text leaves it out
    target: str = ""  # empty where the text leaves it out
    stages: tuple[int, int] | None = None  # first and last
    pick: str = ""

    def __str__(self) -> str:
        stages = "" if self.stages is None else "-".join(str(n) for n in sorted({*self.stages}))
        return ":".join(part for part in (self.relation, self.target, stages, self.pick) if part)

    def narrowed(self, other: "Place") -> "Place":
        """This place with the stages and the pick of ``other``, where it has any."""
        return Place(self.relation, self.target, other.stages or self.stages, other.pick or self.pick)

    def with_number_as_name(self, relation: str) -> "Place":
        """This place without stages, where a bare number names a submodule of an nn.Sequential."""
        if self.target.isdigit():
            return Place(self.relation or relation, self.target, self.stages, self.pick)
        if self.target or self.stages is None or self.stages[0] != self.stages[1]:
            return self
        return Place(relation, str(self.stages[0]), None, self.pick)

    def in_stage(self, stage: int) -> bool:
        """Whether the place includes ``stage``; 0 is what lies outside all stages."""
        return self.stages is None or self.stages[0] <= stage <= self.stages[1]

    def picked(self, names: Sequence[T]) -> list[T]:
        """Those of ``names`` that the pick selects; all without a pick."""
        if not self.pick:
            return list(names)
        which, _, number = self.pick.partition("_")
        n = int(number)
        if which == "last":
            return list(names[-n:])
        return list(names[:n] if which == "first" else names[n - 1 :: n])


def parse_place(text: str) -> Place:
    """The place that ``text`` denotes, empty for an empty text. Raises ValueError, in words for users."""
    parts = [part.strip() for part in text.split(":")] if text else []
    place, others = _beginning(text, parts)
    for part in others:
        place = _extended(place, text, part)
    if place.stages and place.stages[0] > place.stages[1]:
        raise ValueError(f"{text!r}: stages {place.stages[0]}-{place.stages[1]} run backwards")
    return place


def _beginning(text: str, parts: list[str]) -> tuple[Place, list[str]]:
    """The place with the relation that the text begins with and the target behind it, and the other parts."""
    if not parts or parts[0] not in RELATIONS:
        return Place(), parts
    relation, *others = parts
    if not others:
        raise ValueError(f"{text!r}: {relation} what? Write {relation}:layer*.*.bn3")
    return Place(relation, _target(text, others[0])), others[1:]


def _extended(place: Place, text: str, part: str) -> Place:
    """``place`` with the next part of its text: stages, a pick, or a target in front of both."""
    stages = _STAGES.fullmatch(part)
    if stages and place.stages is None and not place.pick:
        return replace(place, stages=(int(stages[1]), int(stages[2] or stages[1])))
    if _PICK.fullmatch(part) and not place.pick:
        return replace(place, pick=part)
    if place.target or place.stages or place.pick:
        raise ValueError(_not_a_place(text, part))
    return replace(place, target=_target(text, part))


def _target(text: str, part: str) -> str:
    if not _TARGET.fullmatch(part):
        raise ValueError(_not_a_place(text, part))
    return part


def _not_a_place(text: str, part: str) -> str:
    return (
        f"{text!r} is not a place: {part!r} is neither a name or pattern, stages (2-4)"
        " nor last_2, first_2 or every_2; write after_bn3, after_bn3:2-4, last_3 or layer*.*.bn3"
    )


def matches(name: str, pattern: str) -> bool:
    """Whether a submodule's dotted name matches ``pattern``, part by part; '**' matches any number."""
    return _match(name.split("."), pattern.split("."))


def _match(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_match(parts[n:], patterns[1:]) for n in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _match(parts[1:], patterns[1:])
