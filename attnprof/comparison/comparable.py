"""What must be alike before two runs' times may be compared, and what of it is not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from attnprof.records.case import Case
from attnprof.records.environment import Environment

# Of a case: how it was measured, and so not what a change of it may be called.
CONDITIONS = (
    "batch", "dtype", "autocast", "layout", "device", "threads", "execution", "inputs", "tf32", "seed"
)  # fmt: skip
# Of a run: the machine and its settings.
MACHINE = ("device_name", "cores", "malloc", "cudnn_benchmark", "matmul_precision", "mkldnn")
VERSIONS = (
    "attnprof_version", "torch_version", "python_version", "cuda_version", "cudnn_version", "driver_version", "platform"
)  # fmt: skip
COUNTERS = ("fvcore_version", "thop_version")
SHOWN = ("commit", "device_uuid")


@dataclass(frozen=True)
class Difference:
    """Something that two runs do not have alike: its name, and what each has."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.name}: {self.before} and {self.after}"


def identity(case: Case) -> Case:
    """What makes it the same cell in another run. A module of the user's own stays itself when its file was edited."""
    return replace(case, source="")


def other_conditions(before: Iterable[Case], after: Iterable[Case]) -> list[Difference]:
    """Conditions that no case of one run has in common with any of the other."""
    runs = [list(before), list(after)]
    found = []
    for name in CONDITIONS:
        first, second = ({getattr(case, name) for case in cases} for cases in runs)
        if first and second and not first & second:
            found.append(Difference(name, _listed(first), _listed(second)))
    return found


def other(names: Sequence[str], before: Environment, after: Environment) -> list[Difference]:
    """Entries of the environment that both runs have, and not alike. An older run may not have written one down."""
    return [
        Difference(name, _said(before[name]), _said(after[name]))
        for name in names
        if name in before and name in after and before[name] != after[name]
    ]


def _listed(values: Iterable[object]) -> str:
    return ", ".join(sorted(map(_said, values)))


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "", {}) else str(value)
