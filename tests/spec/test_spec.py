"""A Spec reads texts as the command line does, reports every mistake at once, and writes itself as TOML."""

import re
import tomllib
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attnprof.backends import Arithmetic
from attnprof.choosing.budget import read_budget
from attnprof.errors import SpecError
from attnprof.formats import FORMATS
from attnprof.grid import PRESETS
from attnprof.metrics import METRICS
from attnprof.spec import Spec
from attnprof.spec.file import from_file, merge
from attnprof.spec.settings import SECTIONS
from tests.every_case import every_case

law = settings(derandomize=True, deadline=None, max_examples=60)

sizes = st.integers(1, 8192)
maps = st.tuples(sizes, sizes)
some_seconds = st.integers(1, 999_999).map(lambda ms: f"{ms}ms")
values = st.fixed_dictionaries(
    {},
    optional={
        "modules": st.lists(
            st.sampled_from(["se", "cbam(reduction=8,bias=false)", "family:channel", "!nonlocal", "all"]),
            min_size=1,
        ),
        "variants": st.sampled_from(["default", "all"]),
        "set": st.sampled_from(
            [
                {},
                {"cbam": {"reduction": [8, 16], "mode": ["channel", "both"]}, "se": {"bias": [True, False]}},
                {"*": {"reduction": [4]}, "simam": {"e_lambda": [1e-4, 0.5]}},
            ]
        ),
        "channels": st.lists(sizes, max_size=4),
        "res": st.lists(maps, max_size=4),
        "points": st.lists(st.tuples(sizes, sizes, sizes), max_size=4),
        "preset": st.sampled_from([None, *PRESETS]),
        "batch": st.integers(1, 65536) | st.lists(st.integers(1, 65536), min_size=1, max_size=4),
        "shard": st.none() | st.integers(1, 9).flatmap(lambda n: st.integers(1, n).map(lambda i: f"{i}/{n}")),
        "budget": st.lists(
            st.sampled_from(["params<=10k", "latency<=0.2ms", "latency<=1.2x:cbam(reduction=8)", "top1>=77"]),
            max_size=4,
        ),
        "device": st.sampled_from(["auto", "cpu", "cuda", "cuda:1"]),
        "dtype": st.sampled_from(["fp32", "fp16", "bf16", "fp64"]),
        "channels_last": st.booleans(),
        "compile": st.booleans(),
        "compile_mode": st.sampled_from([None, "default", "max-autotune", "max-autotune-no-cudagraphs"]),
        "train": st.booleans(),
        "no_latency": st.booleans(),
        "metrics": st.lists(st.sampled_from(METRICS.names()), max_size=4),
        "counters": st.sampled_from(["none", [], ["thop"], "fvcore,thop"]),
        "time_budget": some_seconds,
        "precision": st.integers(1, 9999).map(lambda n: f"{n / 100}%"),
        "threads": st.integers(1, 1024),
        "timeout": some_seconds,
        "memory_limit": st.integers(1, 2**50).map(lambda n: f"{n}B"),
        "seed": st.integers(0, 10**18 - 1),
        "fail_fast": st.booleans(),
        "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True),
        "output": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        "format": st.sampled_from(FORMATS.names()),
    },
)


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    path = tmp_path_factory.mktemp("specs") / "spec.toml"

    def replayed(spec):
        path.write_text(spec.to_toml(), encoding="utf-8")
        return merge([from_file(path)])

    return replayed


@given(values)
@law
def test_a_spec_that_is_written_and_read_is_the_same(replay, fields):
    spec = Spec(**fields)
    assert replay(spec) == spec


@given(values)
@law
def test_every_field_that_asks_for_something_is_written_into_its_own_table(fields):
    spec = Spec(**fields)
    tables = tomllib.loads(spec.to_toml())
    written = {
        key: section
        for section, table in tables.items()
        if section not in ("variants", "budget")
        for key in table
    }
    assert written == {key: SECTIONS[key] for key in written}
    silent = {key for key in SECTIONS if getattr(spec, key) in ((), None)}
    assert set(SECTIONS) - set(written) - {"set", "budget"} <= silent
    assert tables.get("variants", {}) == spec.set
    assert read_budget(tables.get("budget", {})) == spec.budget


@given(values)
@law
def test_the_effective_spec_has_the_same_grid_written_out_and_no_folder(fields):
    spec = Spec(**fields)
    effective = spec.effective()
    assert effective.grid() == spec.grid()
    assert effective.output is None
    assert effective.effective() == effective
    if not (spec.points or spec.preset):
        assert effective.channels
        assert effective.res
    changed = {name for name in Spec.model_fields if getattr(spec, name) != getattr(effective, name)}
    assert changed <= {"channels", "res", "output"}


@pytest.mark.parametrize("field", ["time_budget", "timeout"])
def test_having_no_limit_survives_being_written(replay, field):
    assert getattr(replay(Spec(**{field: "none"})), field) is None


@pytest.mark.parametrize(("field", "text"), [("time_budget", "0s"), ("memory_limit", "0B")])
def test_a_limit_of_zero_survives_being_written(replay, field, text):
    assert getattr(replay(Spec(**{field: text})), field) == 0


@pytest.mark.parametrize(
    ("field", "text"), [("time_budget", "1234567.5s"), ("timeout", "123456.75s"), ("precision", "1.2345678%")]
)
def test_every_digit_of_a_limit_survives_being_written(replay, field, text):
    spec = Spec(**{field: text})
    assert replay(spec) == spec


def test_what_a_gpu_may_do_survives_being_written(replay):
    spec = Spec(tf32=True, cudnn_benchmark=True, compile_mode="reduce-overhead")
    assert replay(spec) == spec


def test_none_in_a_sweep_survives_being_written(replay):
    spec = Spec(set="eca.kernel_size=none,3")
    assert replay(spec) == spec


def test_no_module_at_all_is_a_mistake():
    for nothing in ("", []):
        with pytest.raises(SpecError, match="name at least one, or all"):
            Spec(modules=nothing)


def test_the_module_none_can_be_asked_for_by_its_name():
    assert Spec(modules="none").modules == ("none",)


def test_the_defaults_are_valid_and_ask_for_the_whole_catalogue():
    spec = Spec()
    assert (spec.modules, spec.dtype, spec.batch, spec.device) == (("all",), "fp32", (1,), "auto")
    assert (spec.counters, spec.time_budget, spec.timeout, spec.precision) == (
        ("fvcore", "thop"),
        "auto",
        60.0,
        None,
    )
    assert (spec.quality, spec.processes, spec.target) == ("standard", 6, 0.01)


@pytest.mark.parametrize(
    ("quality", "processes", "target"), [("quick", 1, 0.02), ("standard", 6, 0.01), ("paper", 6, 0.01)]
)
def test_a_quality_is_a_number_of_processes_and_a_precision_of_each(quality, processes, target):
    spec = Spec(quality=quality)
    assert (spec.processes, spec.target) == (processes, target)
    assert Spec(quality=quality, precision="0.5%").target == 0.005


def test_autocast_starts_from_fp32():
    assert Spec(autocast="bf16").autocast == "bf16"
    with pytest.raises(SpecError, match=r"^autocast: autocast starts from fp32; leave out the dtype bf16"):
        Spec(autocast="fp16", dtype="bf16")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("tf32", True, "tf32: tf32 exists on NVIDIA GPUs alone"),
        ("cudnn_benchmark", "true", "cudnn_benchmark: cuDNN computes on GPUs alone"),
        (
            "compile_mode",
            "reduce-overhead",
            "compile_mode: reduce-overhead is CUDA graphs, which exist on GPUs",
        ),
    ],
)
def test_what_is_a_gpus_is_refused_beside_the_device_cpu_in_one_line(field, value, says):
    with pytest.raises(SpecError) as caught:
        Spec(**{field: value, "device": "cpu"})
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)
    for device in ("auto", "cuda:1"):
        assert getattr(Spec(**{field: value, "device": device}), field)


def test_tf32_is_of_fp32():
    assert Spec(tf32=True, autocast="bf16").arithmetic == Arithmetic(tf32=True)
    with pytest.raises(
        SpecError, match=r"^tf32: tf32 is how fp32 is multiplied; leave it out, or the dtype bf16"
    ):
        Spec(tf32=True, dtype="bf16")


@pytest.mark.parametrize(
    ("fields", "execution"),
    [
        ({}, "eager"),
        ({"compile": True}, "compiled"),
        ({"compile_mode": "default"}, "compiled"),
        ({"compile": True, "compile_mode": "none"}, "compiled"),
        ({"compile_mode": "max-autotune"}, "compiled:max-autotune"),
        ({"compile": True, "compile_mode": "reduce-overhead"}, "compiled:reduce-overhead"),
        ({"runtime": "compiled"}, "compiled"),
        ({"runtime": "compiled", "compile_mode": "max-autotune"}, "compiled:max-autotune"),
        ({"runtime": "onnxruntime"}, "onnxruntime"),
    ],
)
def test_a_mode_of_the_compiler_compiles(fields, execution):
    assert Spec(**fields).executions == (execution,)


def test_runtimes_are_a_list_in_which_each_is_once():
    assert Spec(runtime="openvino,eager,openvino").executions == ("openvino", "eager")
    with pytest.raises(
        SpecError, match=r"^runtime\[0\]: no runtime 'onnxruntim'. Did you mean 'onnxruntime'"
    ):
        Spec(runtime="onnxruntim")


@pytest.mark.parametrize("fields", [{"compile": True}, {"compile_mode": "max-autotune"}])
def test_compile_beside_other_runtimes_alone_is_refused(fields):
    with pytest.raises(SpecError, match=r"^runtime: --compile is the runtime compiled: name it here, too"):
        Spec(runtime="eager", **fields)
    assert len(Spec(runtime="eager,compiled", **fields).executions) == 2


def test_texts_are_read_as_the_command_line_writes_them():
    spec = Spec(
        channels="64, 256",
        res="56,28x40",
        points="64@56,256@28x40",
        batch="2,16",
        time_budget="2min",
        precision="2%",
    )
    assert spec.channels == (64, 256)
    assert spec.res == ((56, 56), (28, 40))
    assert spec.points == ((64, 56, 56), (256, 28, 40))
    assert (spec.batch, spec.time_budget, spec.precision) == ((2, 16), 120.0, 0.02)


def test_a_single_value_is_a_list_of_one():
    assert Spec(channels=64).channels == (64,)
    assert Spec(res=56).res == ((56, 56),)


def test_a_module_with_settings_is_not_cut_at_its_comma():
    assert Spec(modules="se,cbam(reduction=8,bias=false)").modules == ("se", "cbam(reduction=8,bias=false)")


def test_none_means_no_counters_and_no_limit():
    spec = Spec(counters="none", time_budget="none", timeout="none", memory_limit="none")
    assert (spec.counters, spec.time_budget, spec.timeout, spec.memory_limit) == ((), None, None, None)


def test_memory_is_read_with_its_unit():
    assert Spec(memory_limit="4GiB").memory_limit == 2**32


@pytest.mark.parametrize(
    ("text", "sweeps"),
    [
        ("cbam.reduction=8,16", {"cbam": {"reduction": [8, 16]}}),
        ("cbam.reduction=8,16,se.reduction=4", {"cbam": {"reduction": [8, 16]}, "se": {"reduction": [4]}}),
        ("reduction=4,8", {"*": {"reduction": [4, 8]}}),
        ("cbam.mode=channel,both, cbam.bias=true", {"cbam": {"mode": ["channel", "both"], "bias": [True]}}),
        ("eca.kernel_size=none,3", {"eca": {"kernel_size": [None, 3]}}),
        ("none", {}),
    ],
)
def test_sweeps_are_read_from_text(text, sweeps):
    assert Spec(set=text).set == sweeps


def test_sweeps_are_taken_from_tables():
    assert Spec(set={"cbam": {"reduction": 8}}).set == {"cbam": {"reduction": [8]}}


def test_a_spec_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Spec().batch = 2


MISTAKES = {
    "modules": ("cbma,se", "modules[0]: no module 'cbma'. Did you mean 'cbam'"),
    "variants": ("some", "variants: 'some' is not one of 'default' or 'all'"),
    "set": ("se.redction=8", "set: se has no hyperparameter 'redction'. Did you mean 'reduction'?"),
    "channels": ("64,0,9999", "channels[1]: 0 is not a number of channels (1..8192)"),
    "res": ("56,0x3", "res[1]: 0x3 is not a size; write 56 or 28x40 (1..8192)"),
    "points": ("64@56,64", "points[1]: '64' is not a point; write 64@56 or 256@28x40"),
    "preset": ("vgg", "preset: 'vgg' is not one of 'resnet50'"),
    "networks": ("resnet51", "networks[0]: no network 'resnet51'. Did you mean 'resnet50'"),
    "at": ("after_bn3,a..b", "at[1]: 'a..b' is not a place"),
    "sweep_places": ("maybe", "sweep_places: 'maybe' is neither true nor false"),
    "batch": ("8,x", "batch[1]: x is not a batch (1..65536)"),
    "shard": ("3/2", "shard: '3/2' is no shard; write 1/4 to 4/4"),
    "baseline": ("see", "baseline: no module 'see'. Did you mean 'se"),
    "budget": ("latency<=2x:sse", "budget: no module 'sse'. "),
    "device": ("gpu", "device: no device 'gpu'; write auto, cpu"),
    "dtype": ("fp8", "dtype: 'fp8' is not one of 'fp32'"),
    "channels_last": ("maybe", "channels_last: 'maybe' is neither true nor false"),
    "autocast": ("fp8", "autocast: 'fp8' is not one of 'bf16' or 'fp16'"),
    "tf32": ("maybe", "tf32: 'maybe' is neither true nor false"),
    "cudnn_benchmark": ("maybe", "cudnn_benchmark: 'maybe' is neither true nor false"),
    "compile_mode": (
        "fast",
        "compile_mode: 'fast' is not one of 'default', 'reduce-overhead', 'max-autotune'",
    ),
    "compile": ("maybe", "compile: 'maybe' is neither true nor false"),
    "runtime": ("onnxruntim", "runtime[0]: no runtime 'onnxruntim'. Did you mean 'onnxruntime'"),
    "hot": ("maybe", "hot: 'maybe' is neither true nor false"),
    "quality": ("best", "quality: 'best' is not one of 'quick', 'standard' or 'paper'"),
    "on": ("loca:2", "on: no launcher 'loca'. Did you mean 'local'"),
    "mixed": ("maybe", "mixed: 'maybe' is neither true nor false"),
    "allow_busy": ("maybe", "allow_busy: 'maybe' is neither true nor false"),
    "train": ("maybe", "train: 'maybe' is neither true nor false"),
    "no_latency": ("maybe", "no_latency: 'maybe' is neither true nor false"),
    "metrics": ("latncy", "metrics[0]: no metric 'latncy'. Did you mean 'latency'"),
    "counters": ("thp", "counters[0]: no counter 'thp'. Did you mean 'thop'?"),
    "time_budget": ("75", "time_budget: '75' needs a unit of time"),
    "precision": ("1", "precision: '1' is not a share; write 1%"),
    "threads": (0, "threads: 0 is not a number of threads (1..1024)"),
    "timeout": ("10m", "timeout: '10m' is ambiguous (milli or minutes?)"),
    "memory_limit": ("4", "memory_limit: '4' needs a unit of memory"),
    "seed": (-1, "seed: -1 is not a seed"),
    "fail_fast": ("maybe", "fail_fast: 'maybe' is neither true nor false"),
    "name": ("a/b", "name: 'a/b' is no name for a folder"),
    "output": (3, "output: Input should be a valid string, got 3"),
    "format": ("xml", "format: no format 'xml'. There are: "),
}


def test_there_is_a_mistake_for_every_field():
    assert set(MISTAKES) == set(Spec.model_fields)


@pytest.mark.parametrize("field", MISTAKES)
def test_a_mistake_says_field_what_and_wanted(field):
    value, says = MISTAKES[field]
    with pytest.raises(SpecError) as caught:
        Spec(**{field: value})
    assert says in str(caught.value)


def test_all_mistakes_are_reported_at_once():
    with pytest.raises(SpecError) as caught:
        Spec(**{field: value for field, (value, _) in MISTAKES.items()})
    text = str(caught.value)
    assert [field for field, (_, says) in MISTAKES.items() if says not in text] == []
    assert (
        len(caught.value.problems) == len(caught.value.fields) == len(text.splitlines()) == len(MISTAKES) + 1
    )
    assert "channels[2]: 9999 is not a number of channels (1..8192)" in text


def test_a_field_that_does_not_exist_is_a_mistake():
    with pytest.raises(SpecError, match=r"^bogus: Extra inputs are not permitted"):
        Spec(bogus=1)


@pytest.mark.parametrize("text", ["0", "-1", "8193", "6.5", "x", "", "56x", "x56", "5x6x7"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(SpecError, match="not a size"):
        Spec(res=[text])


@pytest.mark.parametrize("device", ["gpu", "cpu:x", "cuda:", "cuda:-1", "CPU", ""])
def test_what_is_no_device_is_refused(device):
    with pytest.raises(SpecError, match="no device"):
        Spec(device=device)


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a b", "x" * 65, "a\n"])
def test_a_name_that_would_leave_its_folder_is_refused(name):
    with pytest.raises(SpecError, match="name: "):
        Spec(name=name)


@pytest.mark.parametrize("wrong", [{"set": 3}, {"res": [(28,)]}], ids=str)
def test_values_of_another_kind_are_mistakes_of_the_spec(wrong):
    with pytest.raises(SpecError):
        Spec(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"points": [(0, 56, 56)]}, {"points": [(64, 56, 10**9)]}, {"res": [(28, 40, 7)]}], ids=str
)
def test_a_tuple_is_judged_as_a_text_is(wrong):
    with pytest.raises(SpecError):
        Spec(**wrong)


def test_a_sweep_over_all_modules_is_judged_before_the_run():
    with pytest.raises(SpecError):
        Spec(set="reduction=abc")


@given(
    st.lists(sizes, max_size=4),
    st.lists(maps, max_size=4),
    st.lists(st.tuples(sizes, sizes, sizes), max_size=4),
)
@example([], [], [])
@law
def test_the_grid_is_the_product_and_the_points_each_once(channels, res, points):
    grid = Spec(channels=channels, res=res, points=points).grid()
    assert len(set(grid)) == len(grid)
    expected = set(points)
    if channels or res or not points:
        expected |= {(c, h, w) for c in channels or (64, 256) for h, w in res or ((56, 56),)}
    assert set(grid) == expected


def test_without_sizes_the_grid_is_64_and_256_channels_at_56():
    assert Spec().grid() == ((64, 56, 56), (256, 56, 56))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_its_points(preset):
    assert Spec(preset=preset).grid() == PRESETS[preset].points
    assert Spec(preset=preset, points="3@5").grid() == ((3, 5, 5), *PRESETS[preset].points)


def test_the_presets_that_can_be_asked_for_are_those_there_are():
    asked = Spec.model_fields["preset"].annotation
    assert {name for option in get_args(asked) for name in get_args(option)} == set(PRESETS)


def test_every_field_says_what_it_is_on_one_short_line():
    with every_case() as case:
        for field in Spec.model_fields:
            with case(field):
                says = Spec.model_fields[field].description
                assert says
                assert re.fullmatch(r"[^\n]{3,70}", says)


def test_a_limit_is_relative_to_one_module():
    with pytest.raises(
        SpecError, match=r"budget: 'latency<=2x:family:channel': name one module, latency<=1\.2x:se"
    ):
        Spec(budget="latency<=2x:family:channel")


def test_names_as_people_write_them_are_the_catalogue_s():
    spec = Spec(
        modules="SE,CBAM", budget="latency<=1.2x:Squeeze, macs<=2x:CBAM(reduction=8)", set="SE.reduction=4,8"
    )
    assert [limit.reference for limit in spec.budget] == ["se", "cbam(reduction=8)"]
    assert spec.set == {"se": {"reduction": [4, 8]}}
