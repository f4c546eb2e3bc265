"""Every kind of figure: what it draws is what was found, its names do not overlap, and the same run gives the
same file."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from attnprof.choosing.candidates import Missing, candidates
from attnprof.choosing.measures import measures
from attnprof.choosing.pareto import front
from attnprof.cli.plot import FIGURES
from attnprof.errors import UsageError
from attnprof.figures import AXES, Scene, family_of
from attnprof.figures._style import FAMILIES, SERIES, style
from attnprof.views.caption import conditions
from tests.synthetic import results, seconds

pytest.importorskip("matplotlib")
NAMES = FIGURES.names()


def scene(found, x="macs", y="latency", **more):
    points, among = candidates(found.rows(), {})
    return Scene(among, more.pop("points", points), conditions(found), measures()[x], measures()[y], **more)


def drawn(kind, what):
    with style():
        return FIGURES.get(kind).draw(what)


@pytest.fixture(scope="module")
def few():
    return results(modules="se,eca,cbam,ca,simam,nonlocal,none", channels="32,64", res="14,28")


@pytest.fixture(scope="module")
def catalogue():
    return results(modules="all", channels="64,128", res="56")


@pytest.fixture(scope="module")
def deployed():
    """The same modules in two runtimes, in which their order is not the same."""
    return in_runtimes(modules="se,eca,cbam,ca,simam,nonlocal,none", channels="32,64", res="14,28")


@pytest.fixture(scope="module")
def deployed_catalogue():
    return in_runtimes(modules="all", channels="64,128", res="56")


def in_runtimes(**spec):
    def latency(case):
        letters = sum(map(ord, case.module + case.execution))
        return seconds(case) * (0.5 + letters % 10 / 5)

    return results(latency, runtime="eager,compiled", **spec)


def measured(name, *runs):
    """Of two runs the one that the kind ``name`` is drawn of: the second, of several runtimes, for ranks."""
    return runs[name == "ranks"]


def at(found, *sizes):
    """The measured points of these sizes."""
    points, _ = candidates(found.rows(), {})
    return tuple(point for point in points if point.split()[0] in sizes)


def texts(figure):
    return [text for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_explains_itself_on_one_line(name):
    assert re.fullmatch(r"[^\n]{5,60}", FIGURES.get(name).help)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [3.4, 7.0])
def test_names_of_the_catalogue_do_not_overlap_and_lie_inside(name, width, catalogue, deployed_catalogue):
    figure, _ = drawn(name, scene(measured(name, catalogue, deployed_catalogue), width=width))
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        boxes = [text.get_window_extent(renderer) for text in axes.texts]
        frame = axes.get_window_extent(renderer)
        for n, box in enumerate(boxes):
            assert frame.x0 - 0.5 <= box.x0
            assert box.x1 <= figure.bbox.x1 + 0.5
            overlapping = [other for other in boxes[:n] if box.overlaps(other) and not touching(box, other)]
            assert not overlapping


@pytest.mark.parametrize("name", NAMES)
def test_a_long_caption_lies_inside_a_narrow_figure(name, few, deployed):
    found = measured(name, few, deployed)
    long = replace(scene(found, width=3.4), caption="56x56, Some(R) Processor (1 thread, fp32), " * 12)
    figure, _ = drawn(name, long)
    box = figure.findobj(lambda each: getattr(each, "get_text", str)().startswith("56x56"))[0]
    extent = box.get_window_extent(figure.canvas.get_renderer())
    assert figure.bbox.x0 <= extent.x0 < extent.x1 <= figure.bbox.x1
    assert figure.bbox.y0 - 1 <= extent.y0


def touching(one, other):
    """Whether two boxes share less than half a point."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return min(width, height) < 0.5


@pytest.mark.parametrize("name", ["pareto", "scaling"])
def test_a_name_is_written_or_said_to_be_left_out(name, catalogue):
    what = scene(catalogue)
    figure, notes = drawn(name, what)
    written = {text.get_text().split(" ")[0] for text in texts(figure)}
    said = {word for note in notes for word in note.partition("names of ")[2].split(", ")}
    assert {candidate.name for candidate in what.rivals} <= written | said


@pytest.mark.parametrize("name", NAMES)
def test_a_users_name_is_drawn_as_it_is(name, few, deployed):
    run = measured(name, few, deployed)
    frame = run.frame.copy()
    frame.loc[frame["module"] == "ca", ["module", "family"]] = [r"my.py:A$\frac$_<b>", ""]
    own = type(run)(frame, {}, run.environment, run.spec, 0)
    figure, _ = drawn(name, scene(own, points=at(run, "64@28", "64@14")))
    figure.draw_without_rendering()
    labels = [text.get_text() for text in texts(figure)]
    labels += [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    assert any(label.startswith(r"my.py:A$\frac$_<b>") for label in labels)


@pytest.mark.parametrize("name", NAMES)
def test_the_identity_is_not_drawn(name, few, deployed):
    run = measured(name, few, deployed)
    figure, _ = drawn(name, scene(run, points=at(run, "64@28", "64@14", "32@28", "32@14")))
    labels = [text.get_text() for text in texts(figure)]
    labels += [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    assert not [label for label in labels if label.split(" ")[0] == "none"]
    assert [label for label in labels if "cbam" in label]


@pytest.mark.parametrize("name", NAMES)
def test_the_conditions_are_below_the_figure(name, few, deployed):
    run = measured(name, few, deployed)
    figure, _ = drawn(name, scene(run, points=at(run, "64@28", "32@28")))
    assert figure.get_supxlabel() == "batch 1, fp32, eval, cpu (Test CPU, 1 thread), 2026-11-20 12:00"


def test_the_marks_of_the_front_are_those_that_are_filled_and_bold(few):
    what = scene(few, x="params", points=("64@28",))
    figure, _ = drawn("pareto", what)
    costs = {c.name: [c.figure(what.x, "64@28"), c.figure(what.y, "64@28")] for c in what.rivals}
    best = {list(costs)[n] for n in front(list(costs.values()))}
    bold = {text.get_text() for text in texts(figure) if text.get_fontweight() == "bold"}
    assert 0 < len(best) < len(costs)
    assert bold == best
    marks = [line for line in figure.axes[0].lines if line.get_marker() not in ("None", "")]
    assert sum(line.get_markerfacecolor() != "white" for line in marks) == len(best)


def test_intervals_are_drawn_to_their_ends(few):
    what = scene(few, points=("64@28",))
    figure, _ = drawn("pareto", what)
    ends = {
        (min(line.get_ydata()), max(line.get_ydata()))
        for line in figure.axes[0].lines
        if len(line.get_ydata()) == 2
    }
    for candidate in what.rivals:
        span = candidate.figure(measures()["latency"], "64@28")
        assert (span.low, span.high) in ends


def test_exponents_are_those_of_the_law_that_the_figures_follow():
    def latency(case):
        return 1e-9 * case.height * case.width * case.channels ** (2 if case.module == "se" else 1)

    found = results(latency, modules="se,eca", channels="16,32,64", res="14,28,56")
    along_channels, _ = drawn("scaling", scene(found, against="channels", points=("16@28", "32@28", "64@28")))
    assert {text.get_text() for text in texts(along_channels)} == {"se 2.00", "eca 1.00"}
    along_pixels, _ = drawn("scaling", scene(found, against="res"))
    assert {text.get_text() for text in texts(along_pixels)} == {"se 1.00", "eca 1.00"}
    assert len(along_pixels.axes) == 3


def test_what_varies_more_is_what_scaling_goes_along():
    found = results(modules="se,eca", channels="16,32,64", res="14,28")
    figure, _ = drawn("scaling", scene(found))
    assert {axes.get_xlabel() for axes in figure.axes} == {"channels C"}


def test_scaling_of_one_size_is_refused_with_what_to_run():
    one = results(modules="se,eca", channels="16", res="14")
    options = {"res": "--res 14,28,56", "channels": "--channels 64,128,256", "batch": "--batch 1,8,32"}
    words = {"res": "resolutions", "channels": "channel counts", "batch": "batches"}
    for against in AXES:
        with pytest.raises(UsageError) as caught:
            drawn("scaling", scene(one, against=against))
        assert str(caught.value) == (
            f"nothing was measured at several {words[against]}: attnprof run {options[against]}"
        )


@pytest.fixture(scope="module")
def batches():
    return results(modules="se,eca,cbam,none", channels="16,32", res="14", batch="1,8,32")


def test_throughput_curves_join_what_was_measured_at_each_batch(batches):
    what = scene(batches, y="throughput", against="batch")
    figure, notes = drawn("scaling", what)
    assert notes == []
    assert [axes.get_title("left") for axes in figure.axes] == ["16@14", "32@14"]
    for axes in figure.axes:
        size = axes.get_title("left")
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "8", "32"]
        assert list(axes.get_xticks()) == [1, 8, 32]
        joined = {tuple(line.get_ydata()) for line in axes.lines if list(line.get_xdata()) == [1, 8, 32]}
        for candidate in what.rivals:
            spans = [candidate.figure(what.y, f"{size} batch {batch}") for batch in (1, 8, 32)]
            assert tuple(span.value for span in spans) in joined
    assert {text.get_text() for text in texts(figure)} == {"se", "eca", "cbam"}
    assert {axes.get_xlabel() for axes in figure.axes} == {"images per call"}
    assert figure.axes[0].get_ylabel() == "throughput (images/s)"


def test_intervals_of_a_curve_are_drawn_to_their_ends(batches):
    what = scene(batches, against="batch")
    figure, _ = drawn("scaling", what)
    uprights = {
        tuple(map(float, segment[:, 1]))
        for collection in figure.axes[0].collections
        for segment in collection.get_segments()
    }
    for candidate in what.rivals:
        for batch in (1, 8, 32):
            span = candidate.figure(what.y, f"16@14 batch {batch}")
            assert (span.low, span.high) in uprights


def test_along_another_axis_each_batch_has_a_panel(batches):
    figure, _ = drawn("scaling", scene(batches, against="channels"))
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["14x14 batch 1", "14x14 batch 8", "14x14 batch 32"]


def test_eight_powers_of_two_have_a_tick_each():
    found = results(modules="se,eca", points="16@14", batch="1,2,4,8,16,32,64,128")
    figure, _ = drawn("scaling", scene(found))
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == [str(2**n) for n in range(8)]


def test_memory_shows_what_was_measured_and_what_was_counted(few):
    what = scene(few, points=("64@28",))
    figure, _ = drawn("memory", what)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    by_mark = {line.get_marker(): list(line.get_xdata()) for line in figure.axes[0].lines}
    for marker, measure in (("o", "memory"), ("|", "activation_memory")):
        found = {c.name: c.figure(measures()[measure], "64@28").value for c in what.rivals}
        assert by_mark[marker] == [found[name] for name in names]


@pytest.mark.parametrize("name", NAMES)
def test_more_points_than_there_is_room_for_are_refused(name):
    make = measured(name, results, in_runtimes)
    found = make(modules="se", channels="8,16,24,32,40,48,56,64", res="7")
    what = scene(found, against="res") if name == "scaling" else scene(found)
    with pytest.raises(UsageError, match=r"choose up to|at several"):
        drawn(name, what)


def test_of_many_points_the_way_to_choose_one_is_shown():
    found = results(modules="se", points="8@7", batch="1,2,3,4,5,6,7,8")
    with pytest.raises(UsageError) as caught:
        drawn("pareto", scene(found))
    assert str(caught.value) == "8 points, a panel each: choose up to 6, as with --at '8@7 batch 1'"


@pytest.mark.parametrize("name", NAMES)
def test_what_was_not_measured_is_refused_in_words(name, few, deployed):
    run = measured(name, few, deployed)
    frame = run.frame.copy()
    frame["latency_s"] = frame["peak_memory_bytes"] = frame["activation_memory_bytes"] = None
    blank = type(run)(
        frame.astype(object).where(frame.notna(), None), {}, run.environment, run.spec, run.planned
    )
    what = scene(blank, points=at(run, "64@28", "64@14"))
    assert isinstance(what.candidates[0].figure(measures()["latency"], what.points[0]), Missing)
    with pytest.raises(UsageError, match="no module has .*-x and -y choose among params, macs, flops"):
        drawn(name, what)


def test_a_figure_without_an_interval_is_drawn_and_beats_nothing(few):
    frame = few.frame.copy()
    fastest = frame.loc[frame["module"] != "none", "latency_s"].astype(float).idxmin()
    frame.loc[fastest, ["latency_ci_low_s", "latency_ci_high_s"]] = None
    unsure = type(few)(
        frame.astype(object).where(frame.notna(), None), {}, few.environment, few.spec, few.planned
    )
    row = unsure.rows()[fastest]
    what = scene(unsure, x="params", points=(f"{row['channels']}@{row['height']}",))
    figure, _ = drawn("pareto", what)
    weights = {text.get_text(): text.get_fontweight() for text in texts(figure)}
    assert weights[row["module"]] == "normal"
    assert "bold" in weights.values()


def test_of_a_run_of_counts_memory_shows_what_was_counted(few):
    frame = few.frame.copy()
    frame["peak_memory_bytes"] = None
    counted = type(few)(
        frame.astype(object).where(frame.notna(), None), {}, few.environment, few.spec, few.planned
    )
    figure, _ = drawn("memory", scene(counted, points=("64@28",)))
    assert figure.axes[0].get_xlabel() == measures()["activation_memory"].title


def test_every_family_has_a_colour_and_a_mark_of_its_own():
    assert len(set(FAMILIES.values())) == len({colour for colour, _ in FAMILIES.values()}) == len(FAMILIES)
    assert len({mark for _, mark in FAMILIES.values()}) == len(FAMILIES)


def relative_luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("colour", sorted({*SERIES, *(colour for colour, _ in FAMILIES.values())}))
def test_a_colour_stands_out_on_white(colour):
    assert 1.05 / (relative_luminance(colour) + 0.05) >= 2.2


@pytest.mark.parametrize(
    ("written", "drawn"), [("channel", "channel"), ("floor", ""), ("se(", ""), ("", ""), (None, "")]
)
def test_a_family_that_a_table_alone_has_is_drawn_as_a_users_own(written, drawn):
    candidate = SimpleNamespace(cells={"64@56": [{"family": written}]})
    assert family_of(candidate) == drawn


RANKS = {  # module: its latency in each runtime
    "se": (1e-4, 3e-4),
    "eca": (1e-4, 1e-4),  # ties with se in eager
    "ca": (3e-4, 4e-4),
    "cbam": (4e-4, 2e-4),
    "simam": (5e-4, None),  # not computed by the second
}


@pytest.fixture(scope="module")
def two_runtimes():
    return results(
        lambda case: RANKS[case.module][case.execution == "compiled"],
        modules=",".join(RANKS),
        points="64@28",
        runtime="eager,compiled",
    )


def test_ranks_go_from_runtime_to_runtime_and_ties_share_one(two_runtimes):
    figure, notes = drawn("ranks", scene(two_runtimes))
    (panel,) = figure.axes
    drawn_lines = {
        tuple(map(int, line.get_ydata())) for line in panel.lines if list(line.get_xdata()) == [0, 1]
    }
    assert drawn_lines == {(1, 3), (1, 1), (3, 4), (4, 2)}
    ticks = [tick.get_text() for tick in panel.get_xticklabels()]
    # Mid-ranks about their mean: -1, -1, 0.5, 1.5 and 0.5, -1.5, 1.5, -0.5.
    assert ticks == ["eager", f"compiled\nρ {1 / (4.5 * 5) ** 0.5:.2f}"]
    assert notes == ["64@28: not in every runtime, so not ranked: simam"]


def test_those_that_move_most_are_in_colour_and_the_others_grey(two_runtimes):
    figure, _ = drawn("ranks", scene(two_runtimes))
    weights = {text.get_text(): text.get_fontweight() for text in texts(figure)}
    assert weights == {"se": "bold", "cbam": "bold", "ca": "normal", "eca": "normal"}


def test_of_many_modules_those_that_move_most_are_named(deployed_catalogue):
    figure, notes = drawn("ranks", scene(deployed_catalogue))
    assert len(figure.axes) == 2
    assert all(0 < len(axes.texts) <= len(SERIES) for axes in figure.axes)
    assert any(f"modules the {len(figure.axes[0].texts)} that move most are named" in note for note in notes)


def test_ranks_in_one_runtime_are_refused_with_what_to_run(few):
    with pytest.raises(UsageError) as caught:
        drawn("ranks", scene(few))
    assert str(caught.value) == (
        "ranks are drawn across runtimes, and this run has one: attnprof run --runtime eager,onnxruntime"
    )
