"""Run folders that were damaged: bytes, lines, values, types, files and links; and commands that look at them."""

import json
from collections.abc import Callable, Mapping
from pathlib import PurePath
from random import Random
from typing import Any

from attnprof.cli import COMMANDS
from attnprof.records.journal import ENVIRONMENT, EVENTS, SPEC
from tests.faults import specs
from tests.faults.arena import LATER, RUN, Content, Link
from tests.faults.commands import surroundings, words
from tests.faults.texts import HOSTILE, Writer
from tests.faults.trial import Input

Files = dict[str, Content]  # of a run folder, by name
DAMAGED = "damaged"
NEWEST = "reports/20261122-run-cpu"
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 2**53 + 1, 2**70, 10**400, float("nan"), float("inf"), "", "x", "nan",
    "1", "\x00", "\x1b[31mred", "\x1b]52;c;aGk=\x07", "a\nb", "\ud800", "\u202e", "=1+1", "<script>", "é" * 300, "../..",
    "a" * 5000, [], {}, [[]], [1, 2], {"a": 1}, ["se"], "se", "cpu", "cuda", "fp32", "evil.py:Gate", "ok", "failed", "s",
)  # fmt: skip
TARGETS = (
    "../../bystander.html",
    "../bystander.html",
    "../../..",
    "records.jsonl",
    ".",
    "/dev/null",
    "absent",
)
# How each command names the folder; of two folders, where it takes two.
LINES: tuple[tuple[str, ...], ...] = (
    *((("table", DAMAGED), ("pick", DAMAGED), ("report", DAMAGED), ("diff", DAMAGED, LATER), ("diff", RUN, DAMAGED)) * 2),
    ("plot", DAMAGED, "-o", "x.svg"), ("merge", DAMAGED, LATER, "-o", "new"), ("merge", LATER, DAMAGED),
    ("run", "--resume", DAMAGED), ("host", "--resume", DAMAGED), ("doctor", DAMAGED), ("doctor", DAMAGED, "--repair"),
)  # fmt: skip


def draw(random: Random, files: Mapping[str, Content]) -> Input:
    """A damaged folder, and a command that is told to look at it."""
    prefix = f"here/{RUN}/"
    folder: Files = {
        name.removeprefix(prefix): each for name, each in files.items() if name.startswith(prefix)
    }
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        random.choice(DAMAGES)(random, folder)
    command, *arguments = random.choice(LINES)
    if "--resume" not in arguments and random.random() < 0.3:
        without = ("run", "before", "after", "output", "folder", "repair")
        arguments += words(Writer(random, command), COMMANDS.get(command), without)
    place = DAMAGED
    if command in ("table", "pick") and random.random() < 0.2:
        place, arguments = NEWEST, [each for each in arguments if each != DAMAGED]
    laid = {str(PurePath(place, name)): content for name, content in folder.items()}
    return Input((command, *arguments), files={place: None, **laid}, **surroundings(random))


def _bytes(random: Random, folder: Files) -> tuple[str, bytes]:
    """One of the folder's files and what it holds."""
    names = [name for name, content in folder.items() if isinstance(content, bytes)]
    name = random.choice(names or [EVENTS])
    content = folder.get(name)
    return name, content if isinstance(content, bytes) else b""


def flip_a_byte(random: Random, folder: Files) -> None:
    name, content = _bytes(random, folder)
    at = random.randrange(len(content) + 1)
    folder[name] = content[:at] + bytes([random.randrange(256)]) + content[at + 1 :]


def cut(random: Random, folder: Files) -> None:
    name, content = _bytes(random, folder)
    folder[name] = content[: random.randrange(len(content) + 1)]


def cut_out(random: Random, folder: Files) -> None:
    name, content = _bytes(random, folder)
    first, last = sorted(random.randrange(len(content) + 1) for _ in range(2))
    folder[name] = content[:first] + content[last:]


def insert(random: Random, folder: Files) -> None:
    name, content = _bytes(random, folder)
    at = random.randrange(len(content) + 1)
    text = random.choice((*HOSTILE, "\x00", "\n", "\n\n", "{}\n", "null\n", "[]\n", "\ufeff"))
    folder[name] = content[:at] + text.encode("utf-8", "surrogateescape") + content[at:]


def disorder_lines(random: Random, folder: Files) -> None:
    """Lines swapped, twice, or gone."""
    name, content = _bytes(random, folder)
    lines = content.splitlines(keepends=True) or [b"\n"]
    at = random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            random.shuffle(lines)
        case 1:
            lines.insert(at, random.choice(lines))
        case 2:
            del lines[at]
        case 3:
            lines.insert(
                at, random.choice((b"\n", b"{}\n", b"null\n", b"[" * 5000 + b"\n", b"x" * 10**5 + b"\n"))
            )
    folder[name] = b"".join(lines)


def take_a_file_away(random: Random, folder: Files) -> None:
    folder.pop(random.choice(list(folder) or [SPEC]), None)


def replace_a_file(random: Random, folder: Files) -> None:
    name = random.choice((*folder, "results.csv", "report.html", ".lock"))
    kinds: tuple[Content, ...] = (
        None,
        b"",
        b"\n",
        b"{}",
        b"null",
        b"\x00" * 100,
        "[grid]\n".encode("utf-16"),
    )
    folder[name] = random.choice((*kinds, *map(Link, TARGETS)))


def rewrite_the_spec(random: Random, folder: Files) -> None:
    folder[SPEC] = specs.text(Writer(random, "run")).encode("utf-8", "surrogateescape")


def change_a_value(random: Random, folder: Files) -> None:
    """Another value, of any type, in the environment or in one event."""
    name = random.choice((ENVIRONMENT, EVENTS, EVENTS, EVENTS))
    content = folder.get(name)
    if not isinstance(content, bytes):
        return
    lines = content.splitlines() if name == EVENTS else [content]
    if not lines:
        return
    at = random.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except (ValueError, RecursionError):  # what an earlier damage has left
        return
    lines[at] = json.dumps(_changed(random, value)).encode()
    folder[name] = b"\n".join(lines) + b"\n"


def _changed(random: Random, value: Any) -> Any:
    """``value`` with one thing in it that is another, new, or gone."""
    if not isinstance(value, dict | list) or not value or random.random() < 0.1:
        return random.choice(VALUES)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = random.choice(keys)
    chance = random.random()
    if chance < 0.1:
        del value[key]
    elif chance < 0.2 and isinstance(value, dict):
        value[random.choice(("new", "", "\x1b[31m", "note", *map(str, keys)))] = random.choice(VALUES)
    elif chance < 0.25 and isinstance(value, list):
        value.append(random.choice((*VALUES, *value)))
    else:
        value[key] = _changed(random, value[key])
    return value


DAMAGES: tuple[Callable[[Random, Files], None], ...] = (
    *([change_a_value] * 6), *([flip_a_byte] * 2), cut, cut_out, insert, disorder_lines, take_a_file_away, replace_a_file,
    rewrite_the_spec,
)  # fmt: skip
