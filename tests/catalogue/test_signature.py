"""What the arguments of a user's class stand for: channels, sizes and heads by name, settings by kind."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.catalogue import create, entry
from attnprof.catalogue.description import KEYWORD, POSITION, REST, Argument
from attnprof.catalogue.roles import FEWEST, PARTNERS, TABLE, Role, heads_for
from attnprof.catalogue.selection import matching, select
from attnprof.catalogue.signature import Signature
from attnprof.catalogue.signature_words import refusal, remarks
from attnprof.cli._main import main
from attnprof.errors import ImpossibleShapeError, UsageError
from attnprof.planning import plan
from attnprof.spec import Spec
from tests.catalogue import brought
from tests.every_case import every_case

law = settings(derandomize=True, deadline=None, max_examples=80)
FILE = Path(brought.__file__).parent / "arguments.py"
SIZE = 64, 28, 20
EVERY_NAME = [(role, name) for role, names in TABLE.items() for name in names]


def required(name, **fields):
    return Argument(name, POSITION, False, True, **fields)


def optional(name, default, **fields):
    return Argument(name, POSITION, True, True, default, **fields)


def values(*arguments, size=SIZE, **own):
    """What a class with ``arguments`` is called with."""
    call = Signature(arguments).calls(size, own)[0]
    return dict(call.named)


def said(*arguments, **own):
    """What a reader of its figures is told of how a class with ``arguments`` was built."""
    return list(remarks(Signature(arguments), SIZE, own))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the file of modules: one for all tests, so that a child process imports it once."""
    folder = tmp_path_factory.mktemp("brought")
    (folder / "arguments.py").write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    """The file's name, in its folder."""
    monkeypatch.chdir(folder)
    return "arguments.py"


@pytest.fixture
def count(here, capfd):
    """Counts a pattern at sizes: the rows of the CSV."""

    def counted(pattern, *more):
        sizes = () if "--points" in more else ("--points", "64@28")
        main(["count", "-m", pattern, *sizes, "--counters", "none", "--format", "csv", *more])
        out, err = capfd.readouterr()
        assert out, err
        return list(csv.DictReader(io.StringIO(out)))

    return counted


# Names.


def test_every_name_of_the_table_gets_what_the_table_says():
    channels, height, width = SIZE
    filled = {
        **dict.fromkeys((Role.CHANNELS, Role.SAME), channels),
        **{Role.HALF: 32, Role.HEIGHT: height, Role.WIDTH: width, Role.SIZE: (height, width)},
        **{Role.TOKENS: height * width, Role.HEADS: 2, Role.HEAD_WIDTH: 32},
    }
    with every_case() as case:
        for role, name in EVERY_NAME:
            with case(name):
                beside = [] if role == Role.CHANNELS else [required("in_channels")]
                partner = PARTNERS.get(name) if role in (Role.HEIGHT, Role.WIDTH) else None
                beside += [required(partner)] if partner else []
                assert (
                    values(required("kernel_size"), *beside, required(name), kernel_size=3)[name]
                    == filled[role]
                )


def test_no_name_stands_twice_under_one_role():
    with every_case() as case:
        for role, names in TABLE.items():
            with case(role):
                assert len(set(names)) == len(names)


@given(st.lists(st.sampled_from([name for _, name in EVERY_NAME]), unique=True, max_size=4), st.data())
@law
def test_no_argument_is_filled_but_those_of_the_table(names, data):
    others = data.draw(
        st.lists(st.from_regex(r"[a-z]{1,3}_?x[a-z]{0,3}", fullmatch=True), unique=True, max_size=3)
    )
    signature = Signature(tuple(required(name) for name in [*others, *names]))
    (call, *_) = signature.calls(SIZE, {})
    assert not set(call.named) & set(others)
    assert set(signature.missing({})) >= set(others)


@given(st.permutations(["kernel_size", "ratio", "in_channels", "out_channels", "h", "w"]), st.booleans())
@law
def test_where_an_argument_stands_does_not_matter(order, by_name):
    kind = KEYWORD if by_name else POSITION
    arguments = [Argument(name, kind, False, True) for name in order]
    named = values(*arguments, kernel_size=3, ratio=4)
    assert named == {"kernel_size": 3, "ratio": 4, "in_channels": 64, "out_channels": 64, "h": 28, "w": 20}


@pytest.mark.parametrize(
    ("names", "channels"),
    [
        (("c1", "c2"), "c1"),
        (("planes", "inplanes"), "inplanes"),
        (("channels", "in_channels"), "in_channels"),
        (("F_g", "F_l", "F_int"), "F_g"),
        (("hidden_dim", "dim"), "dim"),
        (("width",), "width"),
        (("width", "channels"), "channels"),
        (("height", "width"), ""),
        (("width", "height", "channels"), "channels"),
        (("out_channels",), "out_channels"),
        (("planes",), "planes"),
        (("ratio",), ""),
    ],
)
def test_of_two_names_the_table_says_which_is_the_number_of_channels(names, channels):
    assert Signature(tuple(map(required, names))).channels == channels


@pytest.mark.parametrize(
    ("argument", "is_filled"),
    [
        (optional("in_channels", 3), True),
        (optional("channels", None), True),
        (optional("dim", 1), False),
        (optional("dim", -1), False),
        (optional("dim", 64), True),
        (optional("width", 1.0), False),
        (optional("features", (64, 128)), False),
        (optional("channels", True), False),
        (required("features", annotation="list[int]"), False),
        (required("features", annotation="Optional[int]"), True),
        (required("dim", annotation="torch.dtype"), True),
        (Argument("channels", POSITION, True, False), False),
    ],
)
def test_a_default_or_an_annotation_of_another_kind_is_no_number_of_channels(argument, is_filled):
    assert bool(Signature((argument,)).channels) == is_filled


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        (optional("out_channels", 32), 64),
        (optional("out_channels", None), ...),
        (optional("out_channels", 1), ...),
        (optional("fmap_size", (56, 56)), (28, 20)),
        (optional("fmap_size", (56, 56), is_list=True), [28, 20]),
        (optional("img_size", None), (28, 20)),
        (optional("input_size", (3, 224, 224)), ...),
        (optional("num_patches", 196), 560),
        (optional("num_tokens", 1), ...),
        (optional("num_heads", 8), ...),
        (optional("head_dim", 32), ...),
        (optional("h", 8), ...),
        (required("h"), 2),
        (optional("height", 3), ...),
        (optional("width", 32), ...),
        (optional("feat_w", 14), ...),
        (required("resolution", annotation="Tuple[int, int]"), (28, 20)),
        (required("resolution", annotation="List[int]"), [28, 20]),
    ],
)
def test_a_companion_is_filled_unless_its_default_says_more(argument, value):
    assert values(required("dim"), argument).get(argument.name, ...) == value


@pytest.mark.parametrize(
    ("argument", "sizes"),
    [
        (required("resolution"), [(28, 28), 28]),
        (optional("resolution", None), [(28, 28), 28]),
        (optional("resolution", 14), [28]),
        (required("resolution", annotation="int"), [28]),
        (required("resolution", annotation="Union[int, Tuple[int, int]]"), [(28, 28), 28]),
    ],
)
def test_a_size_of_two_numbers_or_one_is_tried_where_nothing_tells(argument, sizes):
    calls = Signature((required("dim"), argument)).calls((64, 28, 28), {})
    assert [call.named["resolution"] for call in calls] == sizes


def test_a_map_that_is_not_square_has_no_size_of_one_number():
    calls = Signature((required("dim"), optional("resolution", 14))).calls(SIZE, {})
    assert [call.named["resolution"] for call in calls] == [(28, 20)]


@given(st.integers(1, 4096))
@law
def test_heads_divide_the_channels_and_are_at_most_one_for_32(channels):
    assert channels % heads_for(channels) == 0
    assert 1 <= heads_for(channels) <= max(1, channels // 32)


def test_a_head_is_as_wide_as_the_heads_at_hand_leave_it():
    assert values(required("d_model"), required("d_k"), optional("h", 8))["d_k"] == 8
    assert values(required("d_model"), required("d_k"), required("h"), h=4)["d_k"] == 16
    assert values(required("d_model"), required("d_k"), required("h")) == {"d_model": 64, "d_k": 32, "h": 2}


@given(st.sampled_from(EVERY_NAME), st.integers(FEWEST, 99))
@law
def test_what_a_user_sets_wins(role_and_name, value):
    role, name = role_and_name
    assert values(required("in_channels"), required(name), **{name: value})[name] == value


def test_positional_arguments_alone_go_by_position():
    signature = Signature((Argument("ratio", "first", False, True), Argument("dim", "first", False, True)))
    (call,) = signature.calls(SIZE, {"ratio": 4})
    assert (call.positional, dict(call.named)) == ((4, 64), {})


def test_a_reader_is_told_what_is_not_plain_to_see():
    assert said(required("channels"), optional("reduction", 16)) == []
    assert said(optional("groups", 8)) == ["built with its defaults: no argument is the number of channels"]
    assert said(optional("groups", 8), groups=4) == ["no argument is the number of channels"]
    assert said(required("foo"), foo="C") == []
    assert said() == []
    assert said(Argument("args", REST, False, True)) == ["the number of channels goes first: it takes *args"]
    assert said(required("channels"), channels=32) == ["channels=32 as it is set: the map has 64 channels"]
    assert said(required("dim"), required("heads")) == ["heads=2: max(1, C // 32)"]
    assert said(required("dim"), optional("h", 14), optional("w", 8)) == [
        "h=28,w=20 in place of their defaults"
    ]
    assert said(required("dim"), optional("img_size", 28, annotation="int")) == [
        "img_size=(28,20) in place of its default"
    ]
    assert said(required("c1"), optional("c2", None), optional("h", None), optional("w", None)) == []


def test_an_example_of_what_is_missing_is_in_symbols_where_its_name_is_of_the_table():
    signature = Signature(
        (required("in_channels"), required("channels"), required("height"), required("foo"))
    )
    assert refusal("a.py:A", signature, 64, {}) == (
        "needs channels and height and foo: write a.py:A(channels=C,height=H,foo=...)"
    )


def test_what_no_setting_can_be_is_built_by_a_function():
    signature = Signature((required("conv"), required("n_feat"), required("act"), required("kernel_size")))
    assert refusal("a.py:A", signature, 64, {}) == (
        "needs conv and act, which no setting can be: write a function that builds it, def make(channels):"
        " return A(n_feat=channels, conv=..., act=...), and name that: a.py:make"
    )
    assert refusal("a.py:A", signature, 64, {"conv": 1, "act": 2, "kernel_size": 3}) is None


# Modules as people bring them. The figures are of 64 channels at 28x28, counted by hand.
RIGHT = {
    "SizedGate": (776, 28_672),
    "SpatialGate": (98, 76_832),
    "RequiredKernel(kernel_size=7)": (99, 76_832),
    "Global": (102_720, 80_281_600),
    "GlobalOfFour(ratio=4,kernel_size=7)": (102_720, 80_281_600),
    "HandedOn": (102_720, 80_281_600),
    "Bottleneck(planes=16)": (5_056, 3_412_480),
    "Energy": (0, 0),
    "Grouped": (16, 0),
    "Alternating": (300, None),
    "Alternating(no_spatial=true)": (200, None),
    "Nothing": (98, 76_832),
    "NoConstructor": (0, 0),
    "squeeze_block": (512, 512),
    "squeeze_block(reduction=8)": (1_024, 1_024),
    "YoloBlock": (9 * 64 * 64, 9 * 64 * 64 * 784),
    "ByName": (64 * 65, 64 * 64 * 784),
    "AnyArguments": (64 * 65, 64 * 64 * 784),
    "AnyArguments(kernel_size=1)": (64 * 65, 64 * 64 * 784),
    "ReductionFirst": (64 * 4 + 4 + 4 * 64 + 64, 2 * 64 * 4),
    "TokensOfHeads": (3 * 64 * 65, None),
    "ListOfKernels": (64 * (9 + 25 + 49) + 3 * 64, 64 * (9 + 25 + 49) * 784),
    "ListOfKernels(kernels=[3,5])": (64 * (9 + 25) + 2 * 64, 64 * (9 + 25) * 784),
    "ListOfKernels(kernels=(3,))": (64 * 9 + 64, 64 * 9 * 784),
    "TupleOfWindow(window_size=(7,7))": (64 * 65, 64 * 64 * 784),
    "OfResolution": (64 * 65, 64 * 64 * 784),
    "OfSide": (64 * 784, 0),
    "Positions": (64 * 784, 0),
    "Positions(fmap_size=(H,W))": (64 * 784, 0),
    "ClassesAndModules": (128, 0),
    "Awkward(name=1)": (64 * 65, 64 * 64 * 784),
    "Awkward(name=1,channels=64,height=2,module=3,settings=4,at=5,shape=6,network=7)": (
        64 * 65,
        64 * 64 * 784,
    ),
    "Unusual(foo=C)": (64 * 65, 64 * 64 * 784),
    "Texts(mode=C)": (64 * (9 * 64 + 1), 9 * 64 * 64 * 784),
    'Texts(mode="a,b")': (64 * 65, 64 * 64 * 784),
    "GridGate": (2 * 64 * 32 + 2 * 32 + 33, (2 * 64 * 32 + 32) * 784),
}


# What their rows say of how they were built, besides how they are called.
REMARKS = {
    "SpatialGate": "built with its defaults: no argument is the number of channels",
    "Alternating(no_spatial=true)": "no argument is the number of channels",
    "AnyArguments": "the number of channels goes first: it takes *args",
    "TokensOfHeads": "num_heads=2: max(1, C // 32)",
    "Positions": "fmap_size=(28,28) in place of its default",
    "GridGate": "F_int=32: C // 2",
}


def test_each_way_to_say_what_a_constructor_wants_is_counted_right(here, count):
    rows = count(",".join(f"{here}:{pattern}" for pattern in RIGHT))
    assert len(rows) == len(RIGHT)
    with every_case() as case:
        for pattern, row in zip(RIGHT, rows, strict=True):
            with case(pattern):
                params, macs = RIGHT[pattern]
                assert row["status"] == "ok", row["reason"]
                assert REMARKS.get(pattern, "") in row["remarks"]
                assert int(row["params"]) == params
                assert macs is None or int(row["macs"]) == macs


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("RequiredKernel", "needs kernel_size: write arguments.py:RequiredKernel(kernel_size=7)"),
        (
            "GlobalOfFour",
            "needs ratio and kernel_size: write arguments.py:GlobalOfFour(ratio=4,kernel_size=7)",
        ),
        (
            "GlobalOfFour(ratio=2)",
            "needs kernel_size: write arguments.py:GlobalOfFour(ratio=2,kernel_size=7)",
        ),
        ("TupleOfWindow", "needs window_size: write arguments.py:TupleOfWindow(window_size=(7,7))"),
        (
            "Unusual",
            "needs foo: write arguments.py:Unusual(foo=...); foo=C for the number of channels",
        ),
        (
            "Bottleneck",
            "expansion 4: planes = 16 keeps 64 channels: write arguments.py:Bottleneck(planes=16)",
        ),
    ],
)
def test_what_is_missing_is_asked_for_by_name_in_its_row(count, here, pattern, says):
    (row,) = count(f"{here}:{pattern}")
    assert (row["status"], row["reason"]) == ("skipped", says)
    with pytest.raises(ImpossibleShapeError, match="needs|expansion"):
        create(f"{here}:{pattern.partition('(')[0]}", 64)


def test_a_row_that_fails_says_how_its_module_was_built(here, count):
    named, positions = count(f"{here}:ByName(channels=8),{here}:OfStripes", "--points", "16@6")
    assert (named["status"], positions["status"]) == ("failed", "failed")
    assert named["reason"].startswith("channels=8 as it is set: the map has 16 channels; given a map")
    assert positions["reason"].startswith("h=6,w=6 in place of their defaults; ")


def test_a_size_is_the_maps_at_every_point_of_the_grid(here, count):
    rows = count(f"{here}:Positions,{here}:SizedGate", "--points", "16@4x6,32@14")
    assert [row["status"] for row in rows] == ["ok"] * 4
    positions = [int(row["params"]) for row in rows if row["module"].endswith("Positions")]
    assert positions == [16 * 24, 32 * 196]


def test_an_argument_of_any_name_can_be_set_in_python(here):
    own = {"name": 1, "height": 2, "gate": 3, "module": 4, "settings": 5, "at": 6, "shape": 7, "network": 8}
    module = create(f"{here}:Awkward", 16, settings={**own, "channels": 16})
    assert module.sum == sum(own.values())
    by_name = create(f"{here}:Awkward", 16, height=9, width=7, name=1, gate=2, module=0)
    assert by_name.sum == 1 + 3 + 2 + 0 + 2 + 4 + 5 + 6


def test_a_default_that_no_text_stands_for_is_left_alone_and_can_be_set_in_python(here):
    import torch

    assert "norm_layer" not in entry(f"{here}:ClassesAndModules").hyperparameters
    module = create(f"{here}:ClassesAndModules", 8, norm_layer=torch.nn.InstanceNorm2d)
    assert isinstance(module.norm, torch.nn.InstanceNorm2d)


def test_sequences_and_texts_are_hyperparameters(here):
    assert entry(f"{here}:ListOfKernels").hyperparameters == {"kernels": (3, 5, 7)}
    assert entry(f"{here}:Texts").hyperparameters == {"mode": "add", "path": "a/b"}


def test_the_catalogue_does_without_what_reads_signatures():
    code = "import sys, attnprof.catalogue.selection; print('attnprof.catalogue.signature' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_its_page_and_its_code_say_what_each_argument_gets(here, capfd):
    assert main(["show", f"{here}:Positions"]) == 0
    assert "  dim = C\n  fmap_size = (H, W)\n" in capfd.readouterr().out
    assert main(["show", f"{here}:TupleOfWindow(window_size=(7,7))", "--as", "pytorch"]) == 0
    assert "TupleOfWindow(dim=channels, window_size=(7, 7))" in capfd.readouterr().out


# Settings.


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        (optional("x", 3), "many", "x: many is not a whole number, a sequence or none"),
        (optional("x", 3), 1.5, "x: 1.5 is not a whole number, a sequence or none"),
        (optional("x", True), 1, "x: 1 is not true or false or none"),
        (optional("x", "add"), 3, 'x: 3 is not a text or none; the text is "3", in quotes'),
        (required("x", annotation="int"), None, "x: none is not a whole number"),
        (required("x", annotation="int"), (1, 2), r"x: \(1,2\) is not a whole number"),
    ],
)
def test_a_setting_of_another_kind_is_refused(argument, value, says):
    with pytest.raises(UsageError, match=f"^{says}$".replace(", a sequence or", " or a sequence or")):
        Signature((argument,)).typed("x", value)


@pytest.mark.parametrize(
    ("argument", "value", "typed"),
    [
        (optional("x", 0.5), 1, 1.0),
        (required("x", annotation="float"), 2, 2.0),
        (optional("x", 3), (1, 7), (1, 7)),
        (optional("x", 3), None, None),
        (optional("x", (7, 7)), 7, 7),
        (optional("x", None), "any", "any"),
        (optional("x", None, annotation="int"), None, None),
        (required("x", annotation="Optional[Tuple[int, int]]"), (1, 2), (1, 2)),
        (required("x", annotation="int"), "C", "C"),
        (required("x"), "word", "word"),
    ],
)
def test_a_setting_is_of_the_kind_that_the_argument_declares(argument, value, typed):
    read = Signature((argument,)).typed("x", value)
    assert (type(read), read) == (type(typed), typed)


def test_a_sweep_takes_sequences_and_arguments_that_stand_for_the_channels(here):
    name = f"{here}:TupleOfWindow"
    swept = select([name], sweeps={name: {"window_size": [(7, 7), (14, 14)], "dim": [32]}})
    assert [choice.variant for choice in swept] == ["dim=32,window_size=(7,7)", "dim=32,window_size=(14,14)"]


def test_a_text_with_a_slash_is_a_text_where_the_argument_says_so(here):
    (cell,) = plan(Spec(modules=f"{here}:Texts(path=c/d)", points="8@4", no_latency=True)).cells
    assert cell.case.hyperparameters == {"mode": "add", "path": "c/d"}
    assert create(f"{here}:Texts", 8, settings=cell.case.hyperparameters).path == "c/d"


def test_settings_of_every_kind_reach_a_module_in_a_network(here, capfd):
    patterns = (
        "RequiredKernel(kernel_size=7)",
        "RequiredKernel",
        "Texts",
        "ListOfKernels(kernels=[3]/[5]/[7]/[3,5])",
        "Awkward(name=1,at=2,shape=3,module=4)",
    )
    inserted = ",".join(f"{here}:{pattern}" for pattern in patterns)
    main(["host", "resnet18", "--insert", inserted, "--no-latency", "--at", "after_stage", "--format", "csv"])
    plain, kernel, missing, texts, kernels, awkward = csv.DictReader(io.StringIO(capfd.readouterr().out))
    added = [int(row["params"]) - int(plain["params"]) for row in (kernel, texts, awkward, kernels)]
    channels = (64, 128, 256, 512)
    assert added[0] == 4 * 99
    assert "needs kernel_size: write arguments.py:RequiredKernel(kernel_size=7)" in missing["reason"]
    assert added[1] == added[2] == sum(c * c + c for c in channels)
    taps = zip(channels, (9, 25, 49, 34), (1, 1, 1, 2), strict=True)
    assert added[3] == sum(c * (weights + biases) for c, weights, biases in taps)


def test_a_setting_that_no_argument_has_is_answered(here):
    with pytest.raises(UsageError, match="Texts has no argument 'mod'. Did you mean 'mode'"):
        matching(f"{here}:Texts(mod=3)")


def test_any_setting_reaches_a_class_that_takes_any(here):
    (choice,) = matching(f"{here}:AnyArguments(kernel_size=3)")
    assert create(choice.module, 4, settings=dict(choice.settings)).conv.kernel_size == (3, 3)
