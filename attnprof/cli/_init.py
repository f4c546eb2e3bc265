"""``attnprof init``: an attnprof.toml that works, with every setting explained."""

from pathlib import Path
from textwrap import wrap
from typing import Any

import tomli_w

from attnprof.cli._terminal import Terminal
from attnprof.errors import EnvironmentProblem, UsageError
from attnprof.spec.sentences import SENTENCES
from attnprof.spec.settings import SECTIONS, SETTINGS

FILE = Path("attnprof.toml")
HEAD = """\
# What attnprof does in this folder: attnprof run measures these modules, attnprof check holds them to the
# budget. A line '# key = value' is a default, '# for example: key = value' a suggestion: remove what stands
# before the key to use it.
# The command line ranks above ATTNPROF_* variables, these above this file."""
STARTER: dict[str, Any] = {"modules": ["se", "eca", "cbam"], "points": ["64@56", "256@28"]}
BUDGET = ["[budget]", 'params = "<=10k"', 'macs = "<=1M"']
WIDTH = 110  # characters of a line of comment
# Values of fields that have no default.
EXAMPLES: dict[str, Any] = {
    "channels": [64, 256],
    "res": ["56", "28x40"],
    "preset": "resnet50",
    "on": "local",
    "autocast": "bf16",
    "compile_mode": "reduce-overhead",
    "runtime": ["eager", "onnxruntime"],
    "precision": "1%",
    "networks": ["resnet50"],
    "at": ["last_3"],
    "shard": "1/4",
    "metrics": ["macs", "latency"],
    "memory_limit": "4GiB",
    "output": "reports/mine",
}
TABLES = {  # tables whose keys are not the spec's fields
    "variants": ["# for example: [variants.cbam]", "# for example: reduction = [8, 16]"],
    "budget": BUDGET,
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
    terminal.note(f"{FILE}: attnprof check counts its modules, attnprof run measures them")
    return 0


def template() -> str:
    """The file: a table per section; of each field what it means, and its value, default or an example."""
    lines = [HEAD]
    for section in dict.fromkeys(SECTIONS.values()):
        fields = [name for name, table in SECTIONS.items() if table == section]
        if section in TABLES:
            lines += ["", *_meaning(fields[0]), *TABLES[section]]
        else:
            lines += ["", f"[{section}]", *(line for name in fields for line in _setting(name))]
    return "\n".join(lines) + "\n"


def _meaning(name: str) -> list[str]:
    """The lines of comment on a field."""
    return [f"# {line}" for line in wrap(SENTENCES[name], WIDTH - 2, break_on_hyphens=False)]


def _setting(name: str) -> list[str]:
    """The lines of one field."""
    setting, meaning = SETTINGS[name], ["", *_meaning(name)]
    if name in STARTER:
        return [*meaning, _line(name, STARTER[name])]
    if setting.default not in (None, (), {}):
        return [*meaning, f"# {_line(name, setting.default)}"]
    return [*meaning, f"# for example: {_line(name, EXAMPLES[name])}"]


def _line(name: str, value: Any) -> str:
    """``name = value`` in TOML, on one line: tomli_w breaks a list into one per value."""
    text = tomli_w.dumps({name: value}, indent=0).strip().replace("\n", " ")
    return text.replace("[ ", "[").replace(", ]", "]")
