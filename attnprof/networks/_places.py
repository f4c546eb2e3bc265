"""Where a module goes in a network, as text: 'after_bn3', 'replace_conv2:4', 'layer*.*.bn3', 'before:blocks.*.mlp:last_2'.

    [HOW:]TARGET[:STAGES][:PICK]

HOW      after, before or replace the target; left out where a network's own place, or the module, says it
TARGET   a place that the network names, or a pattern of submodule names: * is within one part of a dotted name, ** any parts
STAGES   '3' or '2-4', counted from 1
PICK     'last_2', 'first_2' or 'every_2' (the second, the fourth, ...) of those that are left

STAGES and PICK alone narrow the place that the module takes by default. A submodule whose name is a number is written with HOW
in front, 'after:3', where the network has stages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

AFTER, BEFORE, REPLACE = HOWS = ("after", "before", "replace")
_STAGES = re.compile(r"([1-9]\d*)(?:-([1-9]\d*))?")
_PICK = re.compile(r"(last|first|every)_([1-9]\d*)")
_TARGET = re.compile(r"[\w*?\[\]!-]+(?:\.[\w*?\[\]!-]+)*")

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A place, parsed. how and target are empty where the text leaves them out; stages: first and last."""

    how: str = ""
    target: str = ""
    stages: tuple[int, int] | None = None
    pick: str = ""

    def __str__(self) -> str:
        stages = "" if self.stages is None else "-".join(str(n) for n in sorted({*self.stages}))
        return ":".join(part for part in (self.how, self.target, stages, self.pick) if part)

    def narrowed(self, by: "Place") -> "Place":
        """This place with the stages and the pick of ``by``, where it has any."""
        return Place(self.how, self.target, by.stages or self.stages, by.pick or self.pick)

    def of_a_name(self, how: str) -> "Place":
        """The same where there are no stages: a bare number is then the name of a submodule, as Sequential gives it."""
        if self.target.isdigit():
            return Place(self.how or how, self.target, self.stages, self.pick)
        if self.target or self.stages is None or self.stages[0] != self.stages[1]:
            return self
        return Place(how, str(self.stages[0]), None, self.pick)

    def in_stage(self, stage: int) -> bool:
        """Whether what is in ``stage`` (0: outside all of them) can be meant."""
        return self.stages is None or self.stages[0] <= stage <= self.stages[1]

    def picked(self, found: Sequence[T]) -> list[T]:
        """Those of ``found`` that the pick leaves."""
        which, _, number = self.pick.partition("_")
        n = int(number or 0)
        return list(
            {"last": found[-n:], "first": found[:n], "every": found[n - 1 :: n or 1]}.get(which, found)
        )


def parse_place(text: str) -> Place:
    """The place that ``text`` writes; of an empty one, a place that says nothing. Raises ValueError in words for the user."""
    how, target, stages, pick = "", "", None, ""
    parts = [part.strip() for part in text.split(":")] if text else []
    if parts and parts[0] in HOWS:
        how = parts.pop(0)
    for part in parts:
        if how and not target:
            target = part if _TARGET.fullmatch(part) else ""
            if not target:
                raise ValueError(_wrong(text, part))
        elif (found := _STAGES.fullmatch(part)) and stages is None and not pick:
            stages = int(found[1]), int(found[2] or found[1])
        elif _PICK.fullmatch(part) and not pick:
            pick = part
        elif _TARGET.fullmatch(part) and not (target or stages or pick):
            target = part
        else:
            raise ValueError(_wrong(text, part))
    if stages and stages[0] > stages[1]:
        raise ValueError(f"{text!r}: stages {stages[0]}-{stages[1]} run backwards")
    if how and not target:
        raise ValueError(f"{text!r}: {how} what? Write {how}:layer*.*.bn3")
    return Place(how, target, stages, pick)


def _wrong(text: str, part: str) -> str:
    return (
        f"{text!r} is no place: {part!r} is neither a name or pattern, stages (2-4) nor last_2, first_2 or every_2;"
        " write after_bn3, after_bn3:2-4, last_3 or layer*.*.bn3"
    )


def matches(name: str, pattern: str) -> bool:
    """Whether the dotted name of a submodule fits ``pattern``, part by part; '**' stands for any number of parts."""
    return _fits(name.split("."), pattern.split("."))


def _fits(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_fits(parts[n:], patterns[1:]) for n in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _fits(parts[1:], patterns[1:])
