"""What a source states of a module's settings, and which of our variants may stand for it.

Another setting explains a figure only where the source states it: with enough settings any digits come out. A
bias of linear layers is open unless it is stated, because papers seldom state it.
"""

import re
from collections.abc import Collection, Mapping

from attnprof.catalogue.values import Value

STATED = {"reduction": r"\br=(\d+)\b", "kernel_size": r"\bk=(\d+)(?![\d,]| [(/])"}


def stated(setting: str) -> dict[str, Value]:
    """The settings in the words of a source: {'reduction': 24, 'bias': True} of 'r=24 with bias'."""
    settings: dict[str, Value] = {
        name: int(match[1]) for name, pattern in STATED.items() if (match := re.search(pattern, setting))
    }
    if "bias" in setting:
        settings["bias"] = "without bias" not in setting
    return settings


def may_be(setting: str, settings: Mapping[str, Value], changed: Collection[str]) -> bool:
    """Whether a module of these ``settings`` may be what ``setting`` states.

    changed: names of the settings that are not the default.
    """
    required = stated(setting)
    agree = all(settings[name] == value for name, value in required.items() if name in settings)
    return agree and all(name in required or name == "bias" for name in changed)
