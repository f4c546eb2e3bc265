"""Which cells of a plan are more than others: the baseline, and those whose modules the user named."""

from collections.abc import Iterable, Sequence

from attnprof.catalogue.selection import import_problem, matching, stands_for_several
from attnprof.errors import UsageError, nearest
from attnprof.records.case import Case
from attnprof.records.record import USUAL_BASELINE
from attnprof.spec import Spec
from attnprof.spec.fields import AUTO


def baselines_of(spec: Spec, cases: Sequence[Case]) -> tuple[Case, ...]:
    """The cases of the module that all latencies are divided by; none where there is nothing to divide.

    By default those of USUAL_BASELINE, where it is in the run; in networks there is the plain network to
    compare with, and no default. Raises UsageError for a module that is not in the run.
    """
    if spec.baseline == "none" or (spec.baseline == AUTO and spec.networks):
        return ()
    usual = spec.baseline == AUTO
    baselines = _cases_of(USUAL_BASELINE if usual else spec.baseline, cases)
    if not baselines and not usual:
        titles = list(dict.fromkeys(case.title for case in cases))
        hint = nearest(spec.baseline, titles)
        raise UsageError(f"--baseline: no {spec.baseline} in this run. {hint}".rstrip())
    return baselines if len(baselines) < len(cases) else ()


def _cases_of(module: str, cases: Sequence[Case]) -> tuple[Case, ...]:
    """Those of ``cases`` whose module, with its settings, is ``module``: 'se', 'ge(theta)'."""
    (choice,) = matching(module)
    return tuple(case for case in cases if (case.module, case.variant) == (choice.module, choice.variant))


def keys_named(spec: Spec, cases: Iterable[Case]) -> frozenset[str]:
    """Keys of the cases whose modules the user named one by one, and not by a pattern."""
    names = [
        pattern for pattern in spec.modules if not (stands_for_several(pattern) or import_problem(pattern))
    ]
    modules = {choice.module for name in names for choice in matching(name)}
    return frozenset(case.key for case in cases if case.module in modules)
