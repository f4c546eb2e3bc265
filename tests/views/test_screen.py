"""The first screen: which rows it shows, how they are ranked, what it finds, and commands that work."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.formats import FORMATS, Look
from attnprof.results import of_folder
from attnprof.views.findings import findings, nice
from attnprof.views.rivals import blocks
from attnprof.views.run import document
from attnprof.views.screen import MOST, Wish
from tests.synthetic import folder, results

law = settings(derandomize=True, deadline=None, max_examples=60)
FEW = "se,eca,cbam"
TEXT = FORMATS.get("text")


@pytest.fixture(scope="module")
def catalogue():
    return results(channels="64,256", res="56")


@pytest.fixture(scope="module")
def few():
    """se and eca tie, cbam is ten times as slow."""
    return results(lambda case: 1e-3 if case.module == "cbam" else 1e-4, modules=FEW, channels="64", res="28")


def shown(found, width=80, **wish):
    return TEXT.write(document(found, wish=Wish(**wish)), Look(width=width)).text


def altered(found, **columns):
    frame = found.frame.copy()
    for name, values in columns.items():
        frame[name] = values
    return replace(found, frame=frame)


def names(found, block=0):
    return [rival.name for rival in blocks(found)[block].rivals]


def test_a_block_shows_the_rows_that_matter_and_counts_the_others(catalogue):
    screen = document(catalogue).screen()
    rows = catalogue.rows()
    assert list(screen.blocks) == [MOST, MOST]
    assert screen.headings == ["56x56, 64 channels", "56x56, 256 channels"]
    skipped = sum(row["status"] == "skipped" for row in rows if row["channels"] == 64)
    assert screen.tails[0] == (
        f"{len(rows) // 2 - MOST} more"
        + (f", {skipped} skipped" if skipped else "")
        + ": attnprof table --all"
    )


def test_everything_is_shown_where_it_is_wished_for_and_where_it_is_piped(catalogue):
    rows = catalogue.rows()
    everything = document(catalogue, wish=Wish(everything=True)).screen()
    assert sum(everything.blocks) == len(rows)
    assert set(everything.tails) == {""}
    assert len(document(catalogue).rows) == len(rows)


def test_the_fastest_and_the_fronts_are_among_the_rows_shown(catalogue):
    screen = document(catalogue).screen()
    first = {cells[1].value for cells in screen.rows[:MOST]}
    block = blocks(catalogue)[0]
    assert {rival.name for rival in block.competing[:10]} <= first
    assert {rival.name for rival in block.front()[:3]} <= first


def test_a_module_named_by_the_run_is_shown_however_slow_it_is():
    patterns = "family:channel,family:spatial,nonlocal"
    found = results(lambda case: 9.0 if case.module == "nonlocal" else 1e-4, modules=patterns)
    assert "nonlocal" in [cells[1].value for cells in document(found).screen().rows]


def test_a_rank_is_the_place_of_the_first_that_shares_it():
    catalogue = max((Path(__file__).parents[2] / "reports").glob("*-catalogue-cpu"))
    for block in blocks(of_folder(catalogue)):
        ranks = [rival.rank for rival in block.competing]
        assert ranks == [ranks.index(rank) + 1 for rank in ranks]
        assert len(set(ranks)) < len(ranks)


def test_ranks_are_shared_where_the_noise_tells_nothing_apart(few):
    assert [(rival.name, rival.rank, rival.shares_rank) for rival in blocks(few)[0].rivals] == [
        ("eca", 1, True), ("se", 1, True), ("cbam", 3, False)
    ]  # fmt: skip
    lines = [line.split() for line in shown(few).split("\n\n")[1].splitlines()[1:]]
    assert [line[:2] for line in lines] == [["1=", "eca"], ["1=", "se"], ["3", "cbam"]]


def test_a_rough_row_says_so_and_wins_nothing(few):
    rough = altered(few, latency_ci_kind=["samples", "", "samples"])  # se, eca, cbam
    block = blocks(rough)[0]
    assert [rival.name for rival in block.fastest] == ["se"]
    assert findings([block])[0] == "se leads (100 µs); by rough figures eca may be as fast."
    line = next(line for line in shown(rough).splitlines() if " eca " in line)
    assert line.split()[0] == "~1"
    assert "~100 µs" in line
    assert "rough" in shown(rough)


def test_ratios_are_over_the_baseline_and_marked_where_they_are_open(few):
    ratios = {rival.name: rival.ratio for rival in blocks(few)[0].rivals}
    assert blocks(few)[0].baseline == "se"
    assert (ratios["se"].value, ratios["eca"].is_clear, ratios["cbam"].is_clear) == (1.0, False, True)
    assert ratios["cbam"].value == pytest.approx(10)
    assert "~1.00x" in shown(few)


def test_ratios_formed_in_each_process_come_before_those_of_latencies(few):
    formed = altered(
        few,
        baseline="se",
        vs_baseline=[1.0, 1.2, 9.0],
        vs_baseline_ci_low=[1.0, 1.1, 8.5],
        vs_baseline_ci_high=[1.0, 1.3, 9.5],
    )
    block = blocks(formed)[0]
    assert [(rival.name, rival.rank) for rival in block.rivals] == [("se", 1), ("eca", 2), ("cbam", 3)]
    assert "1.20x ± 8 %" in shown(formed)


def test_a_baseline_that_is_not_there_gives_no_column():
    found = results(modules="eca,cbam", channels="32", res="28")
    assert blocks(found)[0].baseline == ""
    assert "vs" not in shown(found).split()


def test_what_is_found_names_the_fastest_its_ties_and_the_leanest_of_them(few):
    fastest, front, published = findings(blocks(few))
    assert fastest == "eca and se tie for fastest, where eca needs the fewest parameters (3)."
    assert front == "No other is both faster and cheaper in MACs than eca."
    assert published.startswith("Published top-1 of ResNet-50, ImageNet-1k, not measured here: eca 77.")


def test_the_leanest_of_those_that_tie_is_named():
    found = results(lambda case: 1e-4 if case.module == "se" else 1.001e-4, modules="se,eca", channels="64")
    assert (
        "se and eca tie for fastest, where eca needs the fewest parameters (3)" in findings(blocks(found))[0]
    )


def test_sizes_at_which_the_same_modules_are_fastest_share_a_sentence():
    found = results(
        lambda case: 1e-4 if case.module == "se" else 1e-3, modules=FEW, channels="32,64", res="28"
    )
    assert findings(blocks(found))[0].startswith("se is fastest at every size")


@pytest.fixture(scope="module")
def batches():
    """se leads at batch 1, eca at 8 and 32; a call of eca takes as long at every batch."""
    return results(
        lambda case: 5e-4 if case.module == "eca" else 1e-4 * case.batch**0.8,
        modules="se,eca",
        channels="64",
        res="28",
        batch="32,1,8",
    )


def test_each_batch_is_a_block_with_its_images_a_second(batches):
    found = blocks(batches)
    assert [block.heading for block in found] == [f"28x28, 64 channels, batch {n}" for n in (1, 8, 32)]
    assert [[rival.name for rival in block.rivals] for block in found] == [
        ["se", "eca"], ["eca", "se"], ["eca", "se"],
    ]  # fmt: skip
    assert [block.rivals[1].ratio.value for block in found[:1]] == [pytest.approx(5.0)]
    text = shown(batches, width=120)
    assert text.count("images/s") == 3
    assert re.search(r"eca .* 16\W000 ", text)  # batch 8 in 500 us
    assert "batch" not in text.splitlines()[0]


def test_one_batch_has_no_column_of_images_a_second(few):
    assert "images/s" not in shown(few, width=120)


def test_what_is_found_says_at_which_batch(batches):
    fastest = findings(blocks(batches))[0]
    assert fastest == "se is fastest at batch 1 (100 µs); eca is fastest at batch 8 and batch 32 (500 µs)."
    two_sizes = results(
        lambda case: 1e-4 if case.module == "se" else 1e-3,
        modules=FEW,
        channels="32,64",
        res="28",
        batch="1,8",
    )
    assert findings(blocks(two_sizes))[0].startswith("se is fastest at every size and batch (")


def test_the_latency_of_the_fastest_is_that_of_all_its_batches():
    found = results(
        lambda case: 1e-4 * case.batch * (2 if case.module == "eca" else 1),
        modules="se,eca",
        channels="64",
        batch="1,8",
    )
    assert findings(blocks(found))[0] == "se is fastest at every batch (100 µs to 800 µs)."


def test_what_differs_beyond_two_results_is_counted():
    order = ["se", "eca", "cbam", "cbam"]
    found = results(
        lambda case: 1e-4 if case.module == order[(1, 2, 4, 8).index(case.batch)] else 1e-3,
        modules=FEW, channels="32", res="28", batch="1,2,4,8",
    )  # fmt: skip
    assert findings(blocks(found))[0].endswith("eca is fastest at batch 2 (100 µs); 2 more batches differ.")


@pytest.mark.parametrize(
    ("res", "order", "words"),
    [
        ("28", ("se", "eca", "cbam"), "se is fastest in eager (100 µs); eca is fastest in reader (100 µs); 1 more runtime differs."),
        ("28,56", ("se", "eca", "eca"), "se is fastest at 32@56 in eager and 32@28 in eager (100 µs); eca is fastest at 32@56 in reader, 32@56 in stub, "),
        ("28", ("se", "se", "se"), "se is fastest in every runtime (100 µs)."),
    ],
)  # fmt: skip
def test_modules_are_fast_at_a_size_and_in_a_runtime(stub_runtimes, res, order, words):
    fastest = dict(zip(("eager", "reader", "stub"), order, strict=True))
    found = results(
        lambda case: 1e-4 if case.module == fastest[case.runtime] else 1e-3,
        modules=FEW,
        channels="32",
        res=res,
        runtime="eager,reader,stub",
    )
    assert words in findings(blocks(found))[0]


def test_the_command_that_chooses_names_a_batch(batches):
    command = document(batches).screen().commands[0]
    assert command == "attnprof pick --batch 1 --max-latency 200us"


def test_the_size_of_a_front_is_that_of_the_first_block_with_a_latency():
    seconds = {(16, "se"): 1e-4, (16, "eca"): 1e-3, (64, "se"): 1e-3, (64, "eca"): 1e-4}
    timed = results(
        lambda case: seconds.get((case.channels, case.module)), modules="se,eca", channels="8,16,64", res="28"
    )
    front = findings(blocks(timed))[1]
    assert front == "No other is both faster and cheaper in MACs than se at 16@28."


def test_counts_alone_have_no_findings():
    found = results(lambda case: None, modules=FEW, channels="32", res="28")
    assert findings(blocks(altered(found, latency_s=None))) == []


def test_a_flag_on_rows_is_one_sentence_and_no_mark(few):
    text = shown(altered(few, flags="contended"))
    assert text.count("contended") == 1
    assert "3 of 3 rows: contended: " in text
    assert "[1]" not in text


def test_a_cell_that_failed_is_red_and_has_its_reason():
    found = results(lambda case: None if case.module == "eca" else 1e-4, modules=FEW, channels="32", res="28")
    text = TEXT.write(document(found), Look(width=80, colour=True)).text
    assert "\x1b[31moom\x1b[0m" in text
    assert "[1] eca: the map alone is 9.4 GiB" in text


def test_more_columns_are_one_option_away(few):
    frame = altered(few, thop_macs=[1, 2, 3])
    assert "thop" not in shown(frame)
    with_thop = TEXT.write(document(frame, ["+thop"]), Look(width=100)).text
    assert "thop" in with_thop
    assert "1=" in with_thop
    wide = TEXT.write(document(frame, wish=Wish(is_wide=True)), Look(width=120)).text
    assert {"thop", "FLOPs"} <= set(wide.split())
    assert "MACs: multiply-accumulates" in wide


def test_a_column_more_stands_behind_the_usual_ones_where_it_is_piped(few):
    titles = [column.title for column in document(altered(few, buffers=0), ["+buffers"]).columns]
    assert titles[-1] == "buffers"
    assert titles[:-1] == [column.title for column in document(few).columns]


@pytest.mark.parametrize("width", [30, 46, 80, 120])
def test_the_size_and_the_module_never_leave(catalogue, width):
    lines = shown(catalogue, width=width).splitlines()
    screen = document(catalogue).screen()
    for heading in screen.headings:
        assert any(line.startswith(heading) for line in lines)
    for cells in screen.rows:
        assert any(f" {str(cells[1].value)[:14]} " in line for line in lines)


def test_where_there_is_only_ascii_nothing_else_is_printed(few):
    text = TEXT.write(document(few), Look(width=80, plain=True)).text
    assert text.isascii()
    assert "100 us +- 2 %" in text
    assert "####" in text


def test_bars_are_on_a_linear_scale_and_longer_ones_are_cut():
    seconds = {"se": 1e-4, "eca": 2e-4, "cbam": 4e-4, "gc": 4e-4, "ca": 4e-4, "nonlocal": 1.0}
    found = results(lambda case: seconds[case.module], modules=",".join(seconds), channels="64", res="28")
    text = TEXT.write(document(found), Look(width=120, plain=True)).text
    bars = {line.split()[1]: line.split()[2] for line in text.split("\n\n")[1].splitlines()[1:]}
    assert {name: len(bars[name]) for name in ("se", "eca", "cbam")} == {"se": 1, "eca": 2, "cbam": 4}
    assert bars["nonlocal"].endswith(">")


@law
@given(st.floats(min_value=1e-9, max_value=1e3))
def test_a_nice_number_is_not_below_and_at_most_two_and_a_half_times_the_value(value):
    proposed = nice(value)
    assert value <= float(proposed) * (1 + 1e-12) <= 2.5 * value * (1 + 1e-9)
    assert str(proposed.normalize().as_tuple().digits[0]) in "125"


def test_the_next_commands_work_as_they_are_printed(command, tmp_path):
    folder(tmp_path / "reports" / "run", modules=FEW, channels="32,64", res="28")
    typed = document(results(modules=FEW, channels="32,64", res="28")).screen().commands
    assert [line.split()[1] for line in typed] == ["pick", "report", "show"]
    for line in typed:
        program, *arguments = shlex.split(line)
        done = command(*arguments, cwd=tmp_path, env={"BROWSER": "true"})
        assert (program, done.returncode, done.stderr) == ("attnprof", 0, "")


def test_the_next_commands_name_a_run_that_is_not_the_newest(few):
    typed = document(few, wish=Wish(run="'my run'")).screen().commands
    assert [line.partition("'my run'")[1] for line in typed] == ["'my run'", "'my run'", ""]
    assert document(few, wish=Wish(run=None)).screen().commands == []
