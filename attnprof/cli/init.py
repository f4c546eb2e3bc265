"""Write a commented attnprof.toml with every default"""

import sys
from pathlib import Path
from typing import Any

import click

from attnprof.cli._output import SHARED

FILE = Path("attnprof.toml")
HELP = """\
Write ./attnprof.toml: every setting with what it means and its default, commented out. An existing one stays as it is.

\b
  attnprof init
  attnprof init && $EDITOR attnprof.toml && attnprof run
"""
HEAD = """\
# What attnprof does in this folder. A line '# key = value' is a default: take away its '#' to change it.
# The command line ranks above ATTNPROF_* variables, these above this file."""
# Of fields that have no default: what could be written.
EXAMPLES: dict[str, Any] = {
    "channels": [64, 256],
    "res": ["56", "28x40"],
    "points": ["64@80", "256@28x40"],
    "preset": "resnet50",
    "networks": ["resnet50"],
    "at": ["last_3"],
    "shard": "1/4",
    "metrics": ["macs", "latency"],
    "memory_limit": "4GiB",
    "output": "reports/mine",
}
TABLES = {  # tables whose keys are not the spec's fields
    "variants": ["[variants.cbam]", "reduction = [8, 16]"],
    "budget": ["[budget]", 'params = "<=10k"', 'latency = "<=0.2ms"'],
}


def template() -> str:
    """The file: a table per section, its fields with their meaning and default, or an example where they have none."""
    import tomli_w

    from attnprof.spec import SECTIONS, Spec

    lines = [HEAD]
    for section in dict.fromkeys(SECTIONS.values()):
        fields = [name for name, belongs in SECTIONS.items() if belongs == section]
        if section in TABLES:
            meaning = Spec.model_fields[fields[0]].description
            lines += ["", f"# {meaning}", *(f"# for example: {line}" for line in TABLES[section])]
            continue
        lines += ["", f"[{section}]"]
        for name in fields:
            field = Spec.model_fields[name]
            lines += ["", f"# {field.description}"]
            if field.default not in (None, (), {}):
                lines += [f"# {tomli_w.dumps({name: field.default}).strip()}"]
            elif name in EXAMPLES:
                value = (
                    tomli_w.dumps({name: EXAMPLES[name]}, indent=0)
                    .replace("\n", " ")
                    .replace(", ]", "]")
                    .strip()
                )
                lines += [f"# for example: {value.replace('[ ', '[')}"]
            else:
                lines += [f"# {name} has no default"]
    return "\n".join(lines) + "\n"


def _init(quiet: bool, no_color: bool) -> int:
    from attnprof.errors import EnvironmentProblem, UsageError

    try:
        with FILE.open("x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError:
        raise UsageError(f"{FILE} is there already, and stays as it is") from None
    except OSError as problem:
        raise EnvironmentProblem(f"cannot write {FILE}: {(problem.strerror or '').lower()}") from None
    if not quiet:
        print(f"{FILE}: change it, then: attnprof run", file=sys.stderr)
    return 0


COMMAND = click.Command("init", callback=_init, help=HELP, params=[*SHARED])
