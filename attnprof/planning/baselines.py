"""Which cells of a plan are more than others: the baseline, and those whose modules the user named."""

from collections.abc import Sequence

from attnprof.catalogue.selection import matching, stands_for_several
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
    (choice,) = matching(USUAL_BASELINE if spec.baseline == AUTO else spec.baseline)
    baselines = [case for case in cases if (case.module, case.variant) == (choice.module, choice.variant)]
    if not baselines and spec.baseline != AUTO:
        titles = list(dict.fromkeys(case.title for case in cases))
        raise UsageError(
            f"--baseline: no {spec.baseline} in this run. {nearest(spec.baseline, titles)}".rstrip()
        )
    return tuple(baselines) if len(baselines) < len(cases) else ()


def modules_named(spec: Spec) -> frozenset[str]:
    """The modules that the user named one by one, and not by a pattern."""
    names = [pattern for pattern in spec.modules if not stands_for_several(pattern)]
    return frozenset(choice.module for name in names for choice in matching(name))
