"""Spec as command-line options, made from the settings: option, field and TOML key are one name."""

from typing import Any

import click

from attnprof.backends import BACKENDS
from attnprof.catalogue import MODULES
from attnprof.cli._completing import names_of
from attnprof.counters import COUNTERS
from attnprof.formats import FORMATS
from attnprof.metrics import METRICS
from attnprof.spec.settings import SETTINGS

SHORT = {"modules": "-m", "output": "-o"}
NETWORK = (
    "networks",
    "at",
    "sweep_places",
)  # fields that mean something inside a network only: options of host
METAVARS = {
    "modules": "LIST", "set": "SWEEPS", "channels": "LIST", "res": "LIST", "points": "LIST", "batch": "N",
    "variants": "default|all", "preset": "NETWORK", "dtype": "TYPE", "device": "NAME", "metrics": "LIST",
    "counters": "LIST", "time_budget": "TIME", "timeout": "TIME", "precision": "SHARE", "networks": "LIST",
    "memory_limit": "SIZE", "at": "LIST", "shard": "I/N", "budget": "LIMITS", "threads": "N", "seed": "N",
    "quality": "LEVEL", "baseline": "NAME", "autocast": "TYPE", "name": "NAME", "output": "DIR",
    "format": "FORMAT",
}  # fmt: skip
NAMES = {
    "modules": MODULES,
    "baseline": MODULES,
    "metrics": METRICS,
    "counters": COUNTERS,
    "format": FORMATS,
    "device": BACKENDS,
}

RESUME = click.Option(
    ["--resume"], is_flag=False, flag_value="", metavar="[RUN]", help="finish a run (the newest)"
)
DRY_RUN = click.Option(["--dry-run"], is_flag=True, help="list the cells, measure nothing")


def variable_of(field: str) -> str:
    """The environment variable of a field: 'ATTNPROF_CHANNELS_LAST' of 'channels_last'."""
    return f"ATTNPROF_{field.upper()}"


def spec_options(without: tuple[str, ...] = ()) -> list[click.Parameter]:
    """One option per setting, in their order. Values arrive as texts: Spec alone validates them."""
    return [_option(field) for field in SETTINGS if field not in without]


def _option(field: str) -> click.Option:
    setting = SETTINGS[field]
    flags = [*filter(None, [SHORT.get(field)]), "--" + field.replace("_", "-")]
    meaning = setting.meaning
    if field == "format":
        meaning = ", ".join(FORMATS.names())
    shared: dict[str, Any] = {"default": None, "envvar": variable_of(field)}
    if isinstance(setting.default, bool):
        return click.Option(flags, is_flag=True, help=meaning, **shared)
    if setting.default not in (None, (), {}, ""):
        meaning += f" [{setting.default}]"
    completion = names_of(NAMES[field]) if field in NAMES else None
    return click.Option(
        flags, type=str, help=meaning, metavar=METAVARS[field], shell_complete=completion, **shared
    )
