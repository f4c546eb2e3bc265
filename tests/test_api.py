"""The public API: loaded on first use, the same words as the main path."""

import subprocess
import sys
from importlib import import_module

import pytest

import attnprof
from attnprof import Spec, create, gather, plan, run
from attnprof.errors import ImpossibleShapeError, SpecError, UnknownNameError, UsageError


def test_importing_it_imports_nothing_heavy():
    code = "import sys, attnprof; print([m for m in ('torch', 'pandas', 'pydantic', 'click') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_its_functions_are_not_hidden_by_the_files_that_define_them():
    for name in ("planning", "profiling", "running"):
        import_module(f"attnprof.{name}")
    assert callable(attnprof.plan)
    assert callable(attnprof.run)
    assert set(attnprof.__all__) <= set(dir(attnprof))
    assert attnprof.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no attribute 'profil'"):
        attnprof.profil  # noqa: B018 # the look-up is the test


def test_the_main_path_in_python():
    spec = Spec(
        modules="none,se",
        channels="16",
        res="8",
        time_budget="1s",
        counters="none",
        precision="20%",
        metrics="params,latency",
    )
    results = gather(run(plan(spec, "cpu")))
    assert list(results.df["module"]) == ["none", "se"]
    assert list(results.df["params"]) == [0, 32]
    assert all(seconds > 0 for seconds in results.df["latency_s"])
    assert results.environment["device"] == "cpu"
    assert results.planned == 2


def test_a_module_is_handed_out_with_its_hyperparameters():
    gate = create("se", 64, reduction=8, bias=True)
    assert sum(p.numel() for p in gate.parameters()) == 2 * 64 * 8 + 8 + 64


@pytest.mark.parametrize(
    ("arguments", "settings", "mistake", "says"),
    [
        (
            ("se", 8),
            {},
            ImpossibleShapeError,
            "se@8 - channels must be at least the reduction = 16; nearest 16",
        ),
        (("cbma", 64), {}, UnknownNameError, "Did you mean 'cbam'"),
        (("se", 64), {"ratio": 8}, UsageError, "se has no hyperparameter 'ratio'"),
        (("ge", 64), {}, ImpossibleShapeError, "give height and width"),
    ],
)
def test_a_mistake_is_said_in_words(arguments, settings, mistake, says):
    with pytest.raises(mistake, match=says):
        create(*arguments, **settings)


def test_a_spec_reports_all_its_mistakes_with_their_fields():
    with pytest.raises(SpecError) as caught:
        Spec(channels="0", res="56,x", dtype="fp8")
    assert len(caught.value.problems) == 3
    assert str(caught.value).splitlines()[1].startswith("res[1]: x is not a size")
