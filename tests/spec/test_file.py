"""Every mistake of a spec file carries file, line and key; later sources outrank earlier ones."""

from pathlib import Path

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.errors import SpecError
from attnprof.spec import Spec
from attnprof.spec.file import Source, from_file, line_of, merge, recorded

law = settings(derandomize=True, deadline=None, max_examples=60)


@pytest.fixture
def file(tmp_path):
    def written(text, name="attnprof.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def problems(*sources):
    with pytest.raises(SpecError) as caught:
        merge([from_file(source) if isinstance(source, Path) else source for source in sources])
    return str(caught.value).splitlines()


def test_a_file_sets_the_fields_of_its_tables(file):
    spec = merge(
        [
            from_file(
                file(
                    '[grid]\nmodules = ["se", "cbam"]\npoints = ["64@80"]\n\n'
                    "[variants.cbam]\nreduction = [8, 16]\n\n"
                    '[measure]\ndevice = "cpu"\ntrain = true\n\n[output]\nname = "x"\n'
                )
            )
        ]
    )
    assert spec == Spec(
        modules="se,cbam", points="64@80", set="cbam.reduction=8,16", device="cpu", train=True, name="x"
    )


def test_an_empty_file_asks_for_the_defaults(file):
    assert merge([from_file(file(""))]) == Spec()


def test_a_mistake_carries_file_line_and_key(file):
    path = file('# sizes\n[grid]\nchannels = [64]\nres = [56, 0]\n\n[measure]\ndtype = "fp8"\n')
    assert problems(path) == [
        f"{path}:4: grid.res[1]: 0 is not a size; write 56 or 28x40 (1..8192)",
        f"{path}:7: measure.dtype: 'fp8' is not one of 'fp32', 'fp16', 'bf16' or 'fp64'",
    ]


def test_all_mistakes_of_a_file_are_reported_at_once(file):
    path = file("[grid]\nchanels = [64]\nres = [0]\n\n[mesure]\nx = 1\n\n[measure]\nthreads = 0\ngrid = 1\n")
    assert problems(path) == [
        f"{path}:2: grid.chanels: no such key. Did you mean 'channels'?",
        f"{path}:5: mesure: no such table. Did you mean 'measure'?",
        f"{path}:10: measure.grid: no such key.",
        f"{path}:3: grid.res[0]: 0 is not a size; write 56 or 28x40 (1..8192)",
        f"{path}:9: measure.threads: 0 is not a number of threads (1..1024)",
    ]


def test_a_key_in_the_wrong_table_is_told_where_it_belongs(file):
    path = file('[grid]\nmodules = ["se"]\ndevice = "cpu"\n')
    assert problems(path) == [f"{path}:3: grid.device: no such key. It belongs in [measure]."]


def test_a_table_near_to_none_is_answered_with_all(file):
    path = file("[zzzzzz]\n")
    assert problems(path) == [
        f"{path}:1: zzzzzz: no such table. There are: grid, variants, measure, budget, output",
    ]


def test_a_key_outside_of_any_table_is_a_mistake(file):
    path = file("\nchannels = [64]\n")
    (problem,) = problems(path)
    assert problem.startswith(f"{path}:2: channels: no such table.")


def test_a_file_that_is_not_toml_is_refused_with_its_line(file):
    path = file("[grid]\nchannels = [64\nres = 56\n")
    (problem,) = problems(path)
    assert problem.startswith(f"{path}:3: not TOML: ")
    assert "at line" not in problem


def test_a_file_that_ends_too_early_is_not_toml(file):
    path = file('[grid]\nmodules = "se')
    (problem,) = problems(path)
    assert problem.startswith(f"{path}")
    assert "not TOML: " in problem


def test_a_file_that_is_not_there_is_a_mistake(tmp_path):
    path = tmp_path / "none.toml"
    assert problems(path) == [f"{path}: cannot read it: No such file or directory"]


def test_a_folder_is_no_file(tmp_path):
    assert problems(tmp_path) == [f"{tmp_path}: cannot read it: Is a directory"]


def test_a_file_that_is_not_text_is_a_mistake(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_bytes(b"[grid]\nname = '\xff\xfe'\n")
    assert problems(path) == [f"{path}: not a text file in UTF-8"]


def test_a_project_file_asks_in_its_own_table(file):
    path = file(
        '[project]\nname = "x"\n\n[tool.other]\ngrid = 1\n\n[tool.attnprof.grid]\nchannels = [32]\n',
        "pyproject.toml",
    )
    assert merge([from_file(path)]) == Spec(channels=32)


def test_a_project_file_without_that_table_asks_for_nothing(file):
    assert from_file(file('[project]\nname = "x"\n', "pyproject.toml")) == Source({}, {})


def test_a_mistake_in_a_project_file_has_its_line_there(file):
    path = file(
        "[grid]\nchannels = [1]\n\n[tool.attnprof.grid]\nchannels = [0]\nchanels = 3\n\n[tool.attnprof.mesure]\n",
        "pyproject.toml",
    )
    assert problems(path) == [
        f"{path}:6: grid.chanels: no such key. Did you mean 'channels'?",
        f"{path}:8: mesure: no such table. Did you mean 'measure'?",
        f"{path}:5: grid.channels[0]: 0 is not a number of channels (1..8192)",
    ]


def test_only_a_file_of_that_name_is_a_project_file(file):
    path = file("[tool.attnprof.grid]\nchannels = [32]\n", "other.toml")
    (problem,) = problems(path)
    assert "tool: no such table" in problem


def test_a_mistake_in_a_sweep_has_its_line(file):
    path = file("[grid]\nmodules = 'cbam'\n\n[variants.cbam]\nreducton = [8]\n")
    (problem,) = problems(path)
    assert problem.split(": ")[0] in (f"{path}:4", f"{path}:5")


def test_a_mistake_in_a_sweep_says_what_is_wrong(file):
    path = file("[variants.cbam]\nreducton = [8]\n")
    (problem,) = problems(path)
    assert problem.endswith("variants: cbam has no hyperparameter 'reducton'. Did you mean 'reduction'?")


@pytest.mark.parametrize(
    ("text", "name"),
    [("variants = 3\n", "a.toml"), ("grid = 3\n", "a.toml"), ("[tool]\nattnprof = 3\n", "pyproject.toml")],
)
def test_a_value_where_a_table_is_wanted_is_a_mistake(file, text, name):
    path = file(text, name)
    assert problems(path)[0].startswith(f"{path}:")


def test_a_known_table_that_is_given_as_a_value_is_not_called_unknown(file):
    (problem,) = problems(file("grid = 3\n"))
    assert "Did you mean 'grid'" not in problem


def test_the_command_line_outranks_the_environment_and_that_the_file(file):
    path = file('[grid]\nchannels = [1]\nres = [2]\nbatch = 3\n[measure]\ndtype = "fp16"\n')
    spec = merge(
        [
            from_file(path),
            Source({"res": "20", "batch": "30"}, {"res": "ATTNPROF_RES", "batch": "ATTNPROF_BATCH"}),
            Source({"batch": "300"}, {"batch": "--batch"}),
        ]
    )
    assert (spec.channels, spec.res, spec.batch, spec.dtype) == ((1,), ((20, 20),), (300,), "fp16")


def test_what_is_outranked_is_not_judged(file):
    path = file("[grid]\nbatch = 0\n")
    assert merge([from_file(path), Source({"batch": 2}, {"batch": "--batch"})]).batch == (2,)


def test_each_mistake_has_the_place_of_the_source_that_made_it(file):
    path = file("[grid]\nchannels = [64, 0]\nres = [56]\n")
    assert problems(
        path, Source({"res": "56,0"}, {"res": "--res"}), Source({"batch": "0"}, {"batch": "ATTNPROF_BATCH"})
    ) == [
        f"{path}:2: grid.channels[1]: 0 is not a number of channels (1..8192)",
        "--res: 0 is not a size; write 56 or 28x40 (1..8192)",
        "ATTNPROF_BATCH[0]: 0 is not a batch (1..65536)",
    ]


def test_a_mistake_without_a_place_carries_its_field():
    assert problems(Source({"seed": -1}, {})) == [
        "seed: -1 is not a seed: a whole number, not negative, of 18 digits at most"
    ]


fields = ("channels", "res", "batch", "seed")


@given(st.lists(st.dictionaries(st.sampled_from(fields), st.integers(1, 100)), max_size=4))
@law
def test_the_last_source_that_sets_a_field_decides_it(layers):
    spec = merge([Source(layer, {}) for layer in layers])
    decided = {field: value for layer in layers for field, value in layer.items()}
    assert spec == Spec(**decided)


keys = st.text(alphabet="abcdefgh_", min_size=1, max_size=6)
values = (
    st.integers()
    | st.booleans()
    | st.text(alphabet="ab=[]# ", max_size=8)
    | st.lists(st.integers(), max_size=3)
)


@given(st.dictionaries(keys, st.dictionaries(keys, values, max_size=4), min_size=1, max_size=4))
@law
def test_the_line_of_a_key_is_the_one_that_sets_it(tables):
    text = tomli_w.dumps(tables)
    lines = text.splitlines()
    for section, table in tables.items():
        assert lines[line_of(text, (section,)) - 1] == f"[{section}]"
        for key in table:
            number = line_of(text, (section, key))
            assert lines[number - 1].startswith(f"{key} = ")
            assert [line for line in lines[:number] if line.startswith("[")][-1] == f"[{section}]"


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("[a]\nb = 1\n", ("a", "b"), 2),
        ("[a]\nb = 1\n", ("a", "c"), 1),
        ("[x]\nb = 1\n[a]\nc = 2\n[y]\nb = 3\n", ("a", "b"), 3),
        ("  [ a . 'b' ]  # with a comment\n  c=1\n", ("a", "b", "c"), 2),
        ("a.b = 1\n", ("a", "b"), 1),
        ("[a]\n# b = 0\nb = 1\n", ("a", "b"), 3),
        ("", ("a", "b"), 1),
    ],
)
def test_lines_of_keys_as_people_write_them(text, path, line):
    assert line_of(text, path) == line


def test_a_budget_is_a_table_with_a_metric_per_key(file):
    path = file('[budget]\nparams = "<=10k"\nlatency = ["<=0.2ms", "<=1.2x:se"]\nmacs = 5000\n')
    assert merge([from_file(path)]) == Spec(
        budget="params<=10k, latency<=0.2ms, latency<=1.2x:se, macs<=5000"
    )


def test_every_mistake_of_a_budget_has_its_own_line(file):
    path = file(
        '[grid]\nres = [56]\n\n[budget]\nparamz = "<=10k"\nlatency = "<=0.2"\nmemory = true\nmacs = "<=1.2x:ssee"\n'
    )
    lines = problems(path)
    assert lines[:3] == [
        f"{path}:5: budget.paramz: no such metric. Did you mean 'params'?",
        f"{path}:6: budget.latency: '0.2' needs a unit of time: ns, us, µs, ms, s, min, h",
        f'{path}:7: budget.memory: True is no bound; write memory = "<=8MiB"',
    ]
    assert lines[3].startswith(f"{path}:4: budget: no module 'ssee'.")


GONE = """\
[grid]
modules = ["gone(x=1)", "!gone.py:Gate"]
networks = ["gone"]
[variants.gone]
x = [1, "none"]
[budget]
params = "<=2x:gone"
[measure]
device = "gone:1"
baseline = "gone"
metrics = ["gone"]
counters = ["gone"]
"""


def test_the_spec_of_a_run_that_has_been_keeps_names_that_are_gone(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(GONE, encoding="utf-8")
    spec = recorded(path)
    assert (spec.modules, spec.networks) == (("gone(x=1)", "!gone.py:Gate"), ("gone",))
    assert (spec.set, spec.baseline, spec.budget[0].reference) == ({"gone": {"x": [1, None]}}, "gone", "gone")
    path.write_text(spec.to_toml(), encoding="utf-8")
    assert recorded(path) == spec


def test_tables_and_keys_that_a_newer_version_has_added_are_passed_over(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text("[grid]\nbatch = 2\nweather = 1\n[mood]\ncalm = true\n", encoding="utf-8")
    assert recorded(path) == Spec(batch=2)
    assert len(from_file(path).problems) == 2


def test_its_values_are_checked_as_any_others(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text("[grid]\nbatch = -1\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"spec\.toml:2: grid\.batch\[0\]: "):
        recorded(path)


@pytest.mark.parametrize(("place", "is_refused"), [("ssh:host", True), ("local:2", False)])
def test_a_source_that_nobody_has_named_starts_no_workers_elsewhere(place, is_refused):
    objection = Source({"on": place}, {"on": "attnprof.toml:2"}, how_to_ask="name it").objection("on")
    assert ("nobody asked for it: name it" in objection) == is_refused
    assert Source({"on": place}, {}).objection("on") == ""
