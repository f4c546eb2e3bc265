"""Spec files: TOML with the settings of a Spec, right, of wrong types, in wrong places, and no TOML at all."""

import json
from collections.abc import Mapping
from random import Random

from attnprof.catalogue import MODULES
from attnprof.choosing.measures import measures
from attnprof.cli import COMMANDS
from attnprof.spec.settings import SECTIONS, SETTINGS
from tests.faults.arena import RUN, Content
from tests.faults.commands import surroundings, words
from tests.faults.texts import HOSTILE, LISTS, Writer, nearly
from tests.faults.trial import Input

# Values of every type that TOML has, and what is none.
LITERALS = (
    "1979-05-27T07:32:00Z", "1979-05-27", "07:32:00", "inf", "-inf", "nan", "1e400", "-1e400", "0x10", "0o7", "1_000",
    "9" * 30, "9" * 5000, "-9223372036854775809", "1.5", "-0.0", "0", "-1", "true", "false", "[]", "[[]]", "[[1], [2]]",
    '["se", 1, true]', "{}", "{a = 1}", "[{a = 1}]", '""', '" "', '"\\u0000"', '"\\u001b[31m"', '"a\\nb"', "'''a\nb'''",
    '"\\U0001F642"', '"\\u202e"', "[" * 1000 + "]" * 1000, "[" * 1000, "{a = " * 300, '"' + "é" * 5000 + '"', "", "=",
    "none", "se", "[1,", '"open', '"\\ud800"', '"\\q"', "[1, [2, [3]]]", '["8", "8"]', "[8, 8, 8]", "[true]", "[1.0]",
)  # fmt: skip
LINES = (
    "[grid]", "[[grid]]", "[grid.channels]", "[Grid]", "[tool.attnprof.grid]", "[]", "[variants]", "[variants.se.a.b]",
    "[budget]", "grid = 1", "measure = []", "channels = [16]", "a.b.c = 1", '"" = 1', "= 1", "[grid]]", "\x00", "\ufeff",
    "[variants]\nse = 1", '[variants."*"]\nreduction = [2]', "[budget]\nparams = []", "[tool]\nattnprof = 1", "#", "\t",
    "[budget]\nlatency = ['<=1ms', '>=1s']", "[measure]\nseed = -0", "[unknown]", "[grid]\nunknown = 1",
)  # fmt: skip
NAMES = ("mine.toml", "mine.toml", "attnprof.toml", "pyproject.toml")
COMMANDS_WITH_SPEC = {"run": "spec", "count": "spec", "check": "file", "host": "", "pick": ""}


def draw(random: Random, files: Mapping[str, Content]) -> Input:
    """A spec file, and a command that reads it."""
    command, argument = random.choice(list(COMMANDS_WITH_SPEC.items()))
    writer = Writer(random, command)
    name = random.choice(NAMES) if argument else random.choice(NAMES[2:])
    chosen = words(
        writer,
        COMMANDS.get(command),
        without=(argument, "modules", "run", "resume", "file", "networks", "input"),
    )
    arguments = [command, *chosen[: random.choice((0, 0, 2))]]
    if argument and name == "mine.toml":
        arguments.append(name)
    arguments += {"host": ["resnet18", "--insert", "se"], "pick": [RUN]}.get(command, [])
    if command in ("run", "host") and random.random() < 0.5:
        arguments.append("--dry-run")
    root = "tool.attnprof." if name == "pyproject.toml" else ""
    return Input(tuple(arguments), files={name: _encoded(random, text(writer, root))}, **surroundings(random))


def text(writer: Writer, root: str = "") -> str:
    """A spec file. root: of its tables' names, as in 'tool.attnprof.'."""
    random = writer.random
    names = random.sample(list(SETTINGS), random.choice((1, 2, 4, 8)))
    tables: dict[str, list[str]] = {f"{root}grid": [] if "modules" in names else ['modules = ["se"]']}
    for name in names:
        section, lines = _setting(writer, name)
        tables.setdefault(root + section, []).extend(lines)
    lines = [line for table, settings in tables.items() for line in (f"[{table}]", *settings)]
    while writer.slips(0.5):
        lines.insert(random.randrange(len(lines) + 1), random.choice((*LINES, random.choice(lines))))
    result = "\n".join(lines) + "\n"
    return nearly(random, result) if writer.slips(0.3) else result


def _setting(writer: Writer, name: str) -> tuple[str, list[str]]:
    """The table and the lines of one setting."""
    random = writer.random
    if name == "set":
        module = random.choice(("se", "cbam", '"*"', random.choice(MODULES.names())))
        return f"variants.{module}", [f"reduction = {_literal(writer, 'batch')}"]
    if name == "budget":
        measure = random.choice(list(measures()))
        return "budget", [f"{measure} = {_literal(writer, f'max_{measure}', 'LIMIT')}"]
    return SECTIONS[name], [f"{name} = {_literal(writer, name)}"]


def _literal(writer: Writer, name: str, metavar: str = "") -> str:
    """The value of a setting as TOML."""
    if writer.slips(0.5):
        return writer.random.choice(LITERALS)
    setting = SETTINGS.get(name)
    if setting and isinstance(setting.default, bool):
        return writer.random.choice(("true", "false"))
    value = writer.value(name, metavar)
    if setting and name in LISTS and writer.random.random() < 0.7:
        return "[" + ", ".join(_scalar(part) for part in value.split(",")) + "]"
    return _scalar(value)


def _scalar(value: str) -> str:
    return (
        value
        if value.isascii() and value.isdigit() and len(value) < 18 and value[0] != "0"
        else json.dumps(value)
    )


def _encoded(random: Random, result: str) -> bytes:
    chance = random.random()
    if chance < 0.02:
        return result.encode("utf-16", "surrogatepass")
    if chance < 0.04:
        return result.replace("\n", "\r\n").encode("utf-8-sig", "surrogateescape")
    if chance < 0.06:
        return result.encode("utf-8", "surrogateescape") + random.choice(HOSTILE).encode(
            "utf-8", "surrogateescape"
        )
    return result.encode("utf-8", "surrogateescape")
