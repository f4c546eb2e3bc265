"""Command lines: of every command, with the options that click knows of it, good, nearly good and hostile."""

from collections.abc import Mapping
from random import Random

import click

from attnprof.cli import COMMANDS
from tests.faults.arena import SHEET, Content
from tests.faults.texts import HOSTILE, Writer, nearly
from tests.faults.trial import Input

PLANNED = ("run", "count", "host")  # commands that count a whole catalogue where they are told no modules
ENCODINGS = ("ascii", "cp1252", "latin-1")
COMPLETIONS = ("bash_complete", "zsh_complete", "fish_complete", "bash_source", "zsh_source", "x", "")


def draw(random: Random, files: Mapping[str, Content]) -> Input:
    """One command line, and what surrounds it. files: of every input, by their path below the arena's root."""
    name = random.choice(COMMANDS.names())
    writer = Writer(random, name)
    arguments = [name, *words(writer, COMMANDS.get(name))]
    if writer.slips(0.3):
        arguments = _disordered(random, arguments)
    stdin = files[f"here/{SHEET}"] if "-" in arguments else b""
    return Input(tuple(arguments), stdin=stdin, **surroundings(random))


def surroundings(random: Random) -> dict[str, object]:
    """Variables, and what stdout is, of one input."""
    variables = _variables(random) if random.random() < 0.1 else {}
    more: dict[str, object] = {}
    if random.random() < 0.08:
        more["encoding"] = random.choice(ENCODINGS)
    if random.random() < 0.08:
        more["is_terminal"] = True
        variables["COLUMNS"] = str(random.choice((1, 20, 79, 80, 200)))
    return {**more, "variables": variables}


def words(writer: Writer, command: click.Command, without: tuple[str, ...] = ()) -> list[str]:
    """Arguments and options of ``command`` but for those named in ``without``, in any order."""
    random = writer.random
    options = [each for each in command.params if isinstance(each, click.Option) and each.name not in without]
    chosen = random.sample(options, min(len(options), random.choice((0, 1, 1, 2, 2, 3, 5, 9))))
    if command.name in PLANNED and random.random() < 0.95:
        chosen += [each for each in options if each.name == "modules" and each not in chosen]
        chosen = [
            each for each in chosen if each.name != "input" or random.random() < 0.3
        ]  # goes with one module alone
    groups = [_option(writer, each) for each in chosen]
    groups += [
        _argument(writer, each)
        for each in command.params
        if isinstance(each, click.Argument) and each.name not in without
    ]
    random.shuffle(groups)
    return [word for group in groups for word in group]


def _argument(writer: Writer, argument: click.Argument) -> list[str]:
    is_there = writer.random.random() < (0.97 if argument.required or argument.name == "networks" else 0.6)
    count = writer.random.choice((0, 1, 2, 2, 2, 3)) if argument.nargs == -1 else int(is_there)
    return [writer.value(str(argument.name), argument.metavar or "") for _ in range(count)]


def _option(writer: Writer, option: click.Option) -> list[str]:
    flag = writer.random.choice(option.opts)
    if writer.slips(0.1):
        flag = nearly(writer.random, flag)
    if option.is_flag or writer.slips(0.05):
        return [flag]
    value = writer.value(str(option.name), option.metavar or "")
    is_one_word = flag.startswith("--") and writer.random.random() < 0.3
    return [f"{flag}={value}"] if is_one_word else [flag, value]


def _disordered(random: Random, arguments: list[str]) -> list[str]:
    """A word too many, twice, at another place, or missing."""
    result = list(arguments)
    at = random.randrange(len(result))
    match random.randrange(4):
        case 0:
            result.insert(at, random.choice(HOSTILE))
        case 1:
            result.insert(at, random.choice(result))
        case 2:
            random.shuffle(result)
        case 3:
            del result[at]
    return result


def _variables(random: Random) -> dict[str, str]:
    """What the environment says: settings, the shell that completes, a workflow."""
    match random.randrange(3):
        case 0:
            option = random.choice(
                [each for each in COMMANDS.get("run").params if getattr(each, "envvar", None)]
            )
            value = Writer(random, "run").value(str(option.name), option.metavar or "")
            return {str(option.envvar): value}
        case 1:
            line = [
                "attnprof",
                random.choice(COMMANDS.names()),
                random.choice(("-", "--f", "se,", "'", '"', "")),
            ]
            return {
                "_ATTNPROF_COMPLETE": random.choice(COMPLETIONS),
                "COMP_WORDS": " ".join(line),
                "COMP_CWORD": random.choice(("2", "1", "0", "99", "-1", "x", "")),
            }
    return {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": random.choice(("summary.md", "", "absent/x"))}
