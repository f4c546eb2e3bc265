"""Spec as command-line options, made from the settings: option, field and TOML key are one name."""

from collections.abc import Collection, Sequence
from typing import Any

import click

from attnprof.backends import BACKENDS
from attnprof.catalogue import MODULES
from attnprof.cli._command import OUTPUT
from attnprof.cli._completing import names_of
from attnprof.counters import COUNTERS
from attnprof.formats import FORMATS
from attnprof.launchers import LAUNCHERS
from attnprof.metrics import METRICS
from attnprof.runtimes import RUNTIMES
from attnprof.spec.settings import SETTINGS

SHORT = {"modules": "-m", "output": "-o"}
NETWORK = (
    "networks",
    "at",
    "sweep_places",
)  # fields that mean something inside a network only: options of host
METAVARS = {
    "modules": "LIST", "set": "SWEEPS", "channels": "LIST", "res": "LIST", "points": "LIST", "batch": "LIST",
    "variants": "default|all", "preset": "NETWORK", "dtype": "TYPE", "device": "NAME", "metrics": "LIST",
    "counters": "LIST", "time_budget": "TIME", "timeout": "TIME", "precision": "SHARE", "networks": "LIST",
    "memory_limit": "SIZE", "at": "LIST", "shard": "I/N", "budget": "LIMITS", "threads": "N", "seed": "N",
    "quality": "LEVEL", "baseline": "NAME", "autocast": "TYPE", "name": "NAME", "output": "DIR",
    "format": "FORMAT", "compile_mode": "MODE", "runtime": "LIST", "on": "PLACE",
}  # fmt: skip
NAMES = {
    "modules": MODULES,
    "baseline": MODULES,
    "metrics": METRICS,
    "counters": COUNTERS,
    "format": FORMATS,
    "device": BACKENDS,
    "runtime": RUNTIMES,
    "on": LAUNCHERS,
}

# Flags that can be taken back, where a spec file has them.
REVOCABLE = ("tf32", "cudnn_benchmark")
# Where the help of a command has its settings. Those few need are in the help on every option alone.
GROUPS = {
    "What": (
        "modules", "variants", "set", "channels", "res", "points", "preset", "networks", "at", "sweep_places",
        "batch", "shard",
    ),
    "Where": (
        "device", "on", "mixed", "dtype", "autocast", "tf32", "cudnn_benchmark", "channels_last", "compile",
        "compile_mode", "runtime", "hot", "train", "threads", "memory_limit", "allow_busy",
    ),
    "How precisely": (
        "no_latency", "metrics", "counters", "baseline", "quality", "time_budget", "precision", "timeout",
        "seed", "fail_fast",
    ),
    OUTPUT: ("budget", "name", "output", "format"),
}  # fmt: skip
RARE = (
    "set", "shard", "on", "mixed", "sweep_places", "autocast", "tf32", "cudnn_benchmark", "channels_last",
    "compile_mode", "hot", "memory_limit", "allow_busy", "timeout", "seed", "fail_fast", "budget", "name",
    "no_color",
)  # fmt: skip

RESUME = click.Option(
    ["--resume"], is_flag=False, flag_value="", metavar="[RUN]", help="finish a run (the newest)"
)
DRY_RUN = click.Option(["--dry-run"], is_flag=True, help="list the cells, measure nothing")


class _Revocable(click.Option):
    """A flag with its opposite: --tf32, and --no-tf32."""

    def __init__(self, flags: Sequence[str], **more: Any) -> None:
        *others, flag = flags
        super().__init__([*others, f"{flag}/--no-{flag.removeprefix('--')}"], **more)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The opposite in brackets, as the default of an option is."""
        [opposite] = self.secondary_opts
        return self.opts[-1], f"{self.help} ({opposite})"


def variable_of(field: str) -> str:
    """The environment variable of a field: 'ATTNPROF_CHANNELS_LAST' of 'channels_last'."""
    return f"ATTNPROF_{field.upper()}"


def spec_options(
    without: Collection[str] = (), **more: Sequence[click.Parameter]
) -> dict[str, list[click.Parameter]]:
    """One option per setting, in groups. Values arrive as texts: Spec alone validates them.

    more: further parameters, ``what`` before and ``output`` behind those of their group.
    """
    groups: dict[str, list[click.Parameter]] = {
        title: [setting_option(field) for field in fields if field not in without]
        for title, fields in GROUPS.items()
    }
    groups["What"][:0] = more.get("what", ())
    groups[OUTPUT] += more.get("output", ())
    return groups


def setting_option(field: str, with_variable: bool = True) -> click.Option:
    """The option of a setting. with_variable: it can be set by ATTNPROF_FIELD, too."""
    setting = SETTINGS[field]
    flags = [*filter(None, [SHORT.get(field)]), "--" + field.replace("_", "-")]
    meaning = setting.meaning
    if field == "format":
        meaning = ", ".join(FORMATS.names())
    shared: dict[str, Any] = {"default": None, "envvar": variable_of(field) if with_variable else None}
    if field in REVOCABLE:
        return _Revocable(flags, is_flag=True, help=meaning, **shared)
    if isinstance(setting.default, bool):
        return click.Option(flags, is_flag=True, help=meaning, **shared)
    if setting.default not in (None, (), {}, ""):
        meaning += f" [{setting.default}]"
    completion = names_of(NAMES[field]) if field in NAMES else None
    return click.Option(
        flags, type=str, help=meaning, metavar=METAVARS[field], shell_complete=completion, **shared
    )
