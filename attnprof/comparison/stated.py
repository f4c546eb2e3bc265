"""What a source states of a module's settings, and which of ours may then stand for it.

Another setting explains a figure only where the source states it; enough settings tried would make any digits. Whether
linear layers have a bias is left open unless it is stated: papers seldom say, and their code decides.
"""

import re
from collections.abc import Collection, Mapping

from attnprof.catalogue.entry import Value

STATED = {"reduction": r"\br=(\d+)\b", "kernel_size": r"\bk=(\d+)(?![\d,]| [(/])"}


def stated(setting: str) -> dict[str, Value]:
    """The settings that the words ``setting`` of a source give: {'reduction': 24, 'bias': True} of 'r=24 with bias'."""
    found: dict[str, Value] = {
        name: int(match[1]) for name, pattern in STATED.items() if (match := re.search(pattern, setting))
    }
    if "bias" in setting:
        found["bias"] = "without bias" not in setting
    return found


def may_be(setting: str, settings: Mapping[str, Value], changed: Collection[str]) -> bool:
    """Whether a module of these ``settings`` may be what ``setting`` states. changed: those that are not the usual ones."""
    said = stated(setting)
    agree = all(settings[name] == value for name, value in said.items() if name in settings)
    return agree and all(name in said or name == "bias" for name in changed)
