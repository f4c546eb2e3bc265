"""Hyperparameters with a value for each stage of a network, as one text: '3/5/5/7'."""

from collections.abc import Mapping

from attnprof.catalogue.entry import Value
from attnprof.errors import UsageError

BETWEEN = "/"


def parse_value(text: str) -> Value:
    """A hyperparameter's value as written on the command line: true, 8, 1e-4, none, or a word."""
    words: dict[str, Value] = {"true": True, "false": False, "none": None}
    stripped = text.strip()
    if stripped.lower() in words:
        return words[stripped.lower()]
    for convert in (int, float):
        try:
            return convert(stripped)
        except ValueError:
            continue
    return stripped


def is_staged(value: Value) -> bool:
    """Whether ``value`` stands for one value per stage."""
    return isinstance(value, str) and BETWEEN in value


def values_of(value: Value) -> list[Value]:
    """The value of each stage; of a plain value, that one."""
    if isinstance(value, str) and is_staged(value):
        return [parse_value(part) for part in value.split(BETWEEN)]
    return [value]


def at_stage(settings: Mapping[str, Value], stage: int, stages: int) -> dict[str, Value]:
    """The settings in ``stage``, from 1, of ``stages``. Raises UsageError where the numbers differ."""
    in_stage: dict[str, Value] = {}
    for name, value in settings.items():
        values = values_of(value)
        if len(values) not in (1, stages):
            raise UsageError(f"{name}={value}: {len(values)} values, and the network has {stages} stages")
        in_stage[name] = values[stage - 1] if len(values) > 1 else values[0]
    return in_stage


def show_value(value: Value) -> str:
    """A hyperparameter's value as it is written on the command line."""
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)
