"""``attnprof init``: attnprof.toml with every setting, commented out."""

from pathlib import Path
from typing import Any

import tomli_w

from attnprof.cli._terminal import Terminal
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.spec.settings import SECTIONS, SETTINGS

FILE = Path("attnprof.toml")
HEAD = """\
# What attnprof does in this folder. A line '# key = value' is a default: remove its '#' to change it.
# The command line ranks above ATTNPROF_* variables, these above this file."""
# Values of fields that have no default.
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


def init(terminal: Terminal) -> int:
    """Write the file. Raises UsageError where there is one."""
    try:
        with FILE.open("x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError:
        raise UsageError(f"{FILE} is there already, and stays as it is") from None
    except OSError as problem:
        raise EnvironmentProblem(f"cannot write {FILE}: {(problem.strerror or '').lower()}") from None
    terminal.note(f"{FILE}: change it, then: attnprof run")
    return 0


def template() -> str:
    """The file: a table per section; of each field its meaning and its default, or an example."""
    lines = [HEAD]
    for section in dict.fromkeys(SECTIONS.values()):
        fields = [name for name, table in SECTIONS.items() if table == section]
        if section in TABLES:
            meaning = SETTINGS[fields[0]].meaning
            lines += ["", f"# {meaning}", *(f"# for example: {line}" for line in TABLES[section])]
        else:
            lines += ["", f"[{section}]", *(line for name in fields for line in _setting(name))]
    return "\n".join(lines) + "\n"


def _setting(name: str) -> list[str]:
    """The lines of one field."""
    setting = SETTINGS[name]
    meaning = ["", f"# {setting.meaning}"]
    if setting.default not in (None, (), {}):
        return [*meaning, f"# {tomli_w.dumps({name: setting.default}).strip()}"]
    if name not in EXAMPLES:
        return [*meaning, f"# {name} has no default"]
    # tomli_w breaks a list into one line per value.
    example = tomli_w.dumps({name: EXAMPLES[name]}, indent=0).strip().replace("\n", " ")
    return [*meaning, f"# for example: {example.replace('[ ', '[').replace(', ]', ']')}"]
