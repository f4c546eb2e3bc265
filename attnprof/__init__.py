"""Profile attention modules over channels x resolution: exact counts, measured latency and memory.

    from attnprof import Spec, gather, plan, run
    results = gather(run(plan(Spec(modules="se,cbam", channels="64,256", res="56"))))
    results.pick(max_params="20k").pareto("params", "latency").plot()
    attnprof.read_run("reports/20261120-run-cpu")   the same Results, of a run folder

    module = attnprof.create("se", 64)          the module itself: (N, C, H, W) in, same shape out
    attnprof.cost(module, (1, 64, 56, 56))      its exact counts; any nn.Module, or a name
    attnprof.profile(module, (1, 64, 56, 56))   and its latency and memory, measured in this process
    attnprof.insert(network, "se", at="layer*.*.bn3")   one behind every submodule with such a name

Everything here is loaded on first use (PEP 562), so that importing attnprof costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attnprof.catalogue import create as create
    from attnprof.counting import cost as cost
    from attnprof.planning import plan as plan
    from attnprof.profiling import profile as profile
    from attnprof.results import gather as gather
    from attnprof.results import read_run as read_run
    from attnprof.running import run as run
    from attnprof.spec import Spec as Spec
    from attnprof.subject.insertion import insert as insert

_HOMES = {
    "Spec": "attnprof.spec",
    "cost": "attnprof.counting",
    "create": "attnprof.catalogue",
    "gather": "attnprof.results",
    "insert": "attnprof.subject.insertion",
    "plan": "attnprof.planning",
    "profile": "attnprof.profiling",
    "read_run": "attnprof.results",
    "run": "attnprof.running",
}
# __getattr__ defines them.
__all__ = ["Spec", "cost", "create", "gather", "insert", "plan", "profile", "read_run", "run"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("attnprof")
    if name not in _HOMES:
        raise AttributeError(f"module 'attnprof' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
