"""The types of a Spec's fields: how each is read from text, checked, and written."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    PlainSerializer,
    ValidationInfo,
)

from attnprof.backends import BACKENDS
from attnprof.catalogue import selection
from attnprof.catalogue.entry import Value
from attnprof.catalogue.values import parse_value
from attnprof.choosing.budget import Budget, read_budget
from attnprof.errors import AttnprofError
from attnprof.grid import LARGEST, Point, parse_point, parse_res, show_res, whole_number
from attnprof.metrics import METRICS
from attnprof.networks import network_named
from attnprof.networks._places import parse_place
from attnprof.registry import Registry
from attnprof.units import parse_bytes, parse_seconds, parse_share

DTYPES = ("fp32", "fp16", "bf16", "fp64")
USUAL = "usual"  # among metrics: all those that are found without being asked for
LARGEST_BATCH = 65536
PROCESSES = {"quick": 1, "standard": 3, "paper": 6}
TARGET, QUICK_TARGET = 0.01, 0.02


def _listed(value: Any) -> Any:
    """A comma-separated text as a list; a single value as a list of one."""
    if isinstance(value, str):
        return selection.split(value)
    return list(value) if isinstance(value, list | tuple) else [value]


def _some_listed(value: Any) -> Any:
    if not _listed(value):
        raise ValueError("name at least one, or all")
    return _listed(value)


def _listed_or_none(value: Any) -> Any:
    return [] if value == "none" else _listed(value)


def _known(registry: Registry, *also: str) -> Any:
    def check(value: Any) -> str:
        if value not in also:
            registry.module_name(str(value))
        return str(value)

    return BeforeValidator(_in_words(check))


def _in_words(check: Any) -> Any:
    def checked(value: Any) -> Any:
        try:
            return check(value)
        except AttnprofError as problem:  # pydantic collects ValueErrors
            raise ValueError(str(problem)) from None

    return checked


def _optional(parse: Any) -> Any:
    return lambda value: None if value is None or value == "none" else parse(str(value))


def _pattern(value: Any) -> str:
    selection.matching(str(value).removeprefix("!"))
    return str(value)


def _network(value: Any) -> str:
    network_named(str(value))
    return str(value)


def _place(value: Any) -> str:
    return str(parse_place(str(value)))


def _budget(value: Any) -> Budget:
    budget = read_budget(value)
    for limit in budget:
        if limit.reference and len(selection.matching(limit.reference)) != 1:
            raise ValueError(
                f"{str(limit)!r}: name one module, {limit.measure.name}{limit.measure.sign}1.2x:se"
            )
    return budget


def _shard(value: Any) -> str:
    found = re.fullmatch(r"\s*([0-9]{1,4})\s*/\s*([0-9]{1,4})\s*", str(value))
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"{str(value)!r} is no shard; write 1/4 to 4/4")
    return f"{int(found[1])}/{int(found[2])}"


def _seed(value: Any) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", str(value)):
        raise ValueError(f"{value} is not a seed: a whole number, not negative, of 18 digits at most")
    return int(value)


def _name(value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", str(value)):
        raise ValueError(f"{str(value)!r} is no name for a folder; use letters, digits, '.', '_' and '-'")
    return str(value)


def _device(value: Any) -> str:
    name, colon, index = str(value).partition(":")
    if (name not in BACKENDS or (colon and not index.isdigit())) and value != "auto":
        raise ValueError(f"no device {str(value)!r}; write auto, {', '.join(BACKENDS.names())} or cuda:1")
    return str(value)


def _from_fp32(value: str | None, known: ValidationInfo) -> str | None:
    if value is not None and known.data.get("dtype", "fp32") != "fp32":
        raise ValueError(
            f"autocast starts from fp32; leave out the dtype {known.data['dtype']}, or {value} here"
        )
    return value


def _sweeps(value: Any) -> dict[str, dict[str, list[Value]]]:
    found: dict[str, dict[str, list[Value]]] = {}
    parts = [] if isinstance(value, Mapping) or value == "none" else [str(part) for part in _listed(value)]
    given = value if isinstance(value, Mapping) else _sweeps_of_text(parts)
    for module, axes in given.items():
        if not isinstance(axes, Mapping):
            raise ValueError(
                f"{module}: write hyperparameters below a module: [variants.cbam] reduction = [8, 16]"
            )
        for name, values in axes.items():
            listed = [
                None if v == "none" else v for v in (values if isinstance(values, list | tuple) else [values])
            ]
            selection.check_sweep(module, name, listed)
            found.setdefault(module, {})[name] = listed
    return found


def _sweeps_of_text(parts: Sequence[str]) -> dict[str, dict[str, list[Value]]]:
    # 'cbam.reduction=8,16' arrives cut at its commas: what has no '=' goes on with the sweep before it.
    found: dict[str, dict[str, list[Value]]] = {}
    values: list[Value] = []
    for part in parts:
        path, equals, value = part.partition("=")
        if equals:
            module, _, name = path.strip().rpartition(".")
            values = found.setdefault(module or selection.EVERYWHERE, {}).setdefault(name, [])
        elif not found:
            raise ValueError(f"{part!r} is no sweep; write cbam.reduction=8,16")
        values.append(parse_value(value if equals else part))
    return found


def _digits(value: float, times: int = 1) -> str:
    """Every digit that ``value`` needs to be read back as the same float."""
    return f"{(Decimal(repr(value)) * times).normalize():f}"


def _shown(show: Any) -> PlainSerializer:
    return PlainSerializer(show, when_used="json")


Listed = BeforeValidator(_listed)
Channels = Annotated[int, BeforeValidator(lambda v: whole_number(v, LARGEST, "a number of channels"))]
Res = Annotated[tuple[int, int], BeforeValidator(parse_res), _shown(show_res)]
At = Annotated[Point, BeforeValidator(parse_point), _shown(lambda p: f"{p[0]}@{show_res(p[1:])}")]
Seconds = Annotated[
    float | None,
    BeforeValidator(_optional(parse_seconds)),
    _shown(lambda s: s if s is None else f"{_digits(s)}s"),
]
Bytes = Annotated[
    int | None, BeforeValidator(_optional(parse_bytes)), _shown(lambda b: b if b is None else f"{b}B")
]
Share = Annotated[
    float | None,
    BeforeValidator(lambda v: None if v is None else parse_share(str(v))),
    _shown(lambda s: s if s is None else f"{_digits(s, 100)}%"),
]
Sweeps = Annotated[dict[str, dict[str, list[Any]]], BeforeValidator(_in_words(_sweeps))]
Limits = Annotated[Budget, BeforeValidator(_in_words(_budget)), _shown(lambda b: [str(limit) for limit in b])]
Metrics = Annotated[tuple[Annotated[str, _known(METRICS, USUAL)], ...], Listed]
