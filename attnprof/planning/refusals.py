"""Why cells cannot run: looked at once for all sizes that a module's limits do not tell apart."""

from functools import cache

from attnprof.catalogue.entry import Entry
from attnprof.records.case import Case
from attnprof.runtimes import RUNTIMES, Runtime

Circumstances = tuple[object, ...]


class Refusals:
    """The refusals of one plan."""

    def __init__(self) -> None:
        self._sizes: dict[str, set[str]] = {}  # module -> those of C, H and W that its refusals depend on
        self._refusals: dict[Circumstances, str | None] = {}
        self._runtime = cache(_runtime)

    def of(self, module: Entry, case: Case) -> str | None:
        """Why ``module`` cannot run as ``case``; None where it can."""
        circumstances = self._circumstances(module, case)
        if circumstances not in self._refusals:
            self._refusals[circumstances] = self._of_module(module, case)
        return self._refusals[circumstances] or self._runtime(case.runtime).limit(case)

    def _circumstances(self, module: Entry, case: Case) -> Circumstances:
        """What of ``case`` its refusal by the module depends on."""
        sizes = self._sizes.get(case.module)
        if sizes is None:
            sizes = self._sizes[case.module] = module.refused_sizes()
        channels = case.channels if "C" in sizes else None
        area = (case.height, case.width) if sizes & {"H", "W"} else None
        return case.module, case.variant, channels, area, case.batch, case.mode

    def _of_module(self, module: Entry, case: Case) -> str | None:
        size = case.channels, case.height, case.width
        is_training = case.mode == "train"
        return module.refusal(*size, case.hyperparameters, batch=case.batch, train=is_training)


def _runtime(name: str) -> Runtime:
    runtime: Runtime = RUNTIMES.get(name)
    return runtime
