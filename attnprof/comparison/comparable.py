"""Conditions that must be the same before two runs' times may be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from attnprof.records.case import CONDITIONS, Case, device_kind
from attnprof.records.environment import Environment

# Of a case: how it was measured.
MEASURED = (*CONDITIONS, "autocast", "inputs", "tf32", "seed")
# Of a run: the machine and its settings.
MACHINE = (
    "device_name",
    "cores",
    "malloc",
    "cudnn_benchmark",
    "matmul_precision",
    "mkldnn",
    "cuda_variables",
)
VERSIONS = (
    *("attnprof_version", "torch_version", "python_version", "estimator"),
    *("cuda_version", "rocm_version", "cudnn_version", "driver_version", "platform"),
)
USUAL = {"estimator": "median"}  # what an environment without the entry means
COUNTERS = ("fvcore_version", "thop_version")
SHOWN = ("commit", "device_uuid")


@dataclass(frozen=True)
class Difference:
    """A condition that differs between two runs."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.name}: {self.before} and {self.after}"


def identity(case: Case) -> Case:
    """The case without its source: a user's own module is the same cell after its file was edited. Of the
    device only the kind: older runs have its number, too."""
    return replace(case, source="", device=device_kind(case.device))


def other_conditions(before: Iterable[Case], after: Iterable[Case]) -> list[Difference]:
    """Conditions of which the cases of two runs share no value."""
    runs = [list(map(identity, before)), list(map(identity, after))]
    differences = []
    for name in MEASURED:
        first, second = ({getattr(case, name) for case in cases} for cases in runs)
        if first and second and not first & second:
            differences.append(Difference(name, _listed(first), _listed(second)))
    return differences


def other(names: Sequence[str], before: Environment, after: Environment) -> list[Difference]:
    """Entries that differ between two environments; an entry that an older run lacks does not, and the
    estimator of such a run is the median."""
    runs = [{**USUAL, **environment} for environment in (before, after)]
    return [
        Difference(name, *(_text(run[name]) for run in runs))
        for name in names
        if all(name in run for run in runs) and runs[0][name] != runs[1][name]
    ]


def _listed(values: Iterable[object]) -> str:
    return ", ".join(sorted(map(_text, values)))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and value:
        return " ".join(f"{name}={value[name]}" for name in sorted(value))
    return "none" if value in (None, "", {}) else str(value)
