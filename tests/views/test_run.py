"""The table of a run: what it says once, what side by side, what it says of a row, and what never leaves
it."""

from dataclasses import replace
from pathlib import Path

import pytest

from attnprof.formats import FORMATS, Look
from attnprof.records.record import FLAGS
from attnprof.results import of_folder
from attnprof.results.baseline import over
from attnprof.results.ranks import with_ranks
from attnprof.views.document import words
from attnprof.views.rivals import blocks
from attnprof.views.run import document
from attnprof.views.run_columns import ABOUT, resolve
from tests.synthetic import results, seconds

FEW = "se,eca,cbam"
QUICK = Path(__file__).parents[2] / "reports" / "20261201-quick-cpu"


@pytest.fixture(scope="module")
def grid():
    return results(modules=FEW, channels="32,64", res="28")


def flagged(found, flags):
    frame = found.frame.copy()
    frame["flags"] = flags
    return replace(found, frame=frame)


def texts_of(table):
    """The rows' texts, by the headings of their columns."""
    headings = [column.heading for column in table.columns]
    return [
        dict(zip(headings, [words(c, cell) for c, cell in zip(table.columns, row, strict=True)], strict=True))
        for row in table.rows
    ]


def test_rows_side_by_side_show_the_same_texts_as_one_below_the_other(grid):
    below = {(row["module"], row["C"]): row for row in texts_of(document(grid))}
    for row in texts_of(document(grid, pivot="channels")):
        for heading, text in row.items():
            title, _, channels = heading.partition(" C=")
            if channels:
                assert text == below[row["module"], channels][title]


def test_what_is_the_same_at_all_sizes_is_shown_once():
    beside = document(results(modules=FEW, channels="32", res="14,28"), pivot="res")
    titles = [column.heading for column in beside.columns]
    assert titles[:2] == ["C", "module"]
    assert "params" in titles
    assert {"MACs 14x14", "MACs 28x28", "latency 14x14", "latency 28x28"} <= set(titles)


def test_several_batches_have_a_column_of_their_own_and_the_throughput():
    table = document(results(modules=FEW, channels="32", res="28", batch="1,8"))
    titles = [column.title for column in table.columns]
    assert titles[:3] == ["C", "batch", "module"]
    assert "throughput" in titles
    assert list(table.blocks) == [3, 3]
    assert [row["batch"] for row in texts_of(table)] == ["1"] * 3 + ["8"] * 3
    assert "batch" not in table.remarks(table.columns)[0]


def test_several_runtimes_have_a_column_and_stand_side_by_side():
    def latency(case):
        return seconds(case) * (2 if case.execution == "compiled" else 1)

    several = results(latency, modules=FEW, channels="32", res="28", runtime="eager,compiled")
    table = document(several)
    assert [column.title for column in table.columns][:3] == ["C", "runtime", "module"]
    titles = [column.heading for column in document(several, pivot="runtime").columns]
    assert {"latency eager", "latency compiled"} <= set(titles)


EAGER = {"none": 2e-6, "se": 1e-4, "eca": 2e-4, "cbam": 3e-4}
COMPILED = {"none": 2e-6, "se": 2e-4, "eca": None, "cbam": 1e-4}  # None: it ran out of memory


@pytest.fixture(scope="module")
def runtimes():
    def latency(case):
        return (EAGER if case.execution == "eager" else COMPILED)[case.module]

    spec = {"modules": ",".join(EAGER), "channels": "32", "res": "28", "runtime": "eager,compiled"}
    return with_ranks(results(latency, **spec))


def test_runtimes_side_by_side_have_the_rank_in_each(runtimes):
    rows = {row["module"]: row for row in texts_of(document(runtimes, pivot="runtime"))}
    ranks = {name: (row["rank eager"].strip(), row["rank compiled"].strip()) for name, row in rows.items()}
    assert ranks == {"none": ("", ""), "se": ("1", "2"), "eca": ("2", ""), "cbam": ("3", "1")}
    assert rows["eca"]["latency compiled"] == "oom"


def test_a_rank_is_that_of_the_screen(runtimes):
    of_screen = {
        (rival.row["execution"], rival.name): rival.rank
        for block in blocks(runtimes)
        for rival in block.rivals
    }
    for row in runtimes.rows():
        assert (row["rank"] or 0) == of_screen[row["execution"], row["module"]]


def test_a_ratio_to_a_baseline_is_one_within_a_runtime(runtimes):
    rows = over(runtimes, "se").rows()
    of_se = {row["execution"]: row["latency_s"] for row in rows if row["module"] == "se"}
    assert of_se["eager"] != of_se["compiled"]
    for row in rows:
        if row["latency_s"] is not None:
            assert row["latency_over_se"] == pytest.approx(row["latency_s"] / of_se[row["execution"]])


@pytest.mark.parametrize("name", FORMATS.names())
def test_every_format_has_the_rank_in_each_runtime(name, runtimes):
    text = (
        FORMATS.get(name).write(document(runtimes, ("module", "rank", "latency_s"), "runtime"), Look()).text
    )
    assert "rank" in text
    assert text.count("compiled") >= 2


def test_runtimes_are_described_above():
    plain = results(modules=FEW, channels="32", res="28")
    environment = {**plain.environment, "runtimes": {"onnxruntime": "1.32.0, one setting"}}
    table = document(replace(plain, environment=environment))
    assert "onnxruntime 1.32.0, one setting" in table.remarks(table.columns)[0]


def test_one_batch_is_said_above(grid):
    table = document(grid)
    assert not {"batch", "throughput_per_s"} & {column.name for column in table.columns}
    assert "batch 1" in table.remarks(table.columns)[0]


def test_several_batches_stand_side_by_side():
    beside = document(results(modules=FEW, channels="32", res="28", batch="1,8"), pivot="batch")
    titles = [column.heading for column in beside.columns]
    assert titles[:3] == ["C", "module", "params"]
    assert {"latency batch 1", "latency batch 8", "throughput batch 1", "throughput batch 8"} <= set(titles)


def test_the_pivot_itself_is_no_column(grid):
    assert "channels" not in [column.name for column in document(grid, pivot="channels").columns]
    assert "size" not in [
        column.name for column in document(results(modules=FEW, res="14,28"), pivot="res").columns
    ]


def test_a_ratio_stands_beside_its_figure(grid):
    names = [column.name for column in document(over(grid, "se")).columns]
    for figure, ratio in (
        ("params", "params"),
        ("macs", "macs"),
        ("latency_s", "latency"),
        ("peak_memory_bytes", "peak_memory"),
    ):
        assert names[names.index(figure) + 1] == f"{ratio}_over_se"


def test_a_ratio_is_marked_where_noise_allows_no_difference():
    found = over(
        results(lambda case: 1e-4 if case.module != "cbam" else 1e-3, modules=FEW, channels="32", res="28"),
        "se",
    )
    laid = document(found, ["module", "latency_s"])
    shown = {row["module"]: row["latency/se"] for row in texts_of(laid)}
    assert shown == {"se": "1.00x", "eca": f"{ABOUT}1.00x", "cbam": "10.0x"}


def test_columns_asked_for_with_a_baseline_bring_their_ratio(grid):
    laid = document(over(grid, "se"), ["module", "macs"])
    assert [column.name for column in laid.columns] == ["module", "macs", "macs_over_se"]


def test_what_holds_for_every_row_is_said_once(grid):
    laid = document(flagged(grid, "contended"))
    assert laid.footnotes == [f"every row: contended: {FLAGS['contended']}"]
    assert "note" not in [column.name for column in laid.columns]


def test_what_holds_for_some_rows_is_numbered(grid):
    laid = document(flagged(grid, ["contended", "contended not-steady", *[""] * (len(grid.rows()) - 2)]))
    assert laid.columns[-1].name == "note"
    assert sorted(row["note"] for row in texts_of(laid) if row["note"]) == ["[1]", "[1] [2]"]
    assert [line[:3] for line in laid.footnotes] == ["[1]", "[2]"]


def test_a_reason_that_several_modules_share_is_one_footnote_without_a_name():
    found = results(lambda case: None if case.module != "se" else 1e-4, modules=FEW, channels="32", res="28")
    laid = document(found, ["module", "params"])
    assert laid.footnotes == ["2 of 3 rows: the map alone is 9.4 GiB"]
    alone = document(results(lambda case: None if case.module == "se" else 1e-4, modules=FEW, res="28"))
    assert alone.footnotes == ["[1] se: the map alone is 9.4 GiB"]


def test_beside_each_other_a_status_says_whose_it_is():
    found = results(
        lambda case: None if case.channels == 64 else 1e-4, modules="se,eca", channels="32,64", res="28"
    )
    laid = document(found, pivot="channels")
    assert [row["note"].partition(" [")[0] for row in texts_of(laid)] == ["C=64: oom"] * 2


@pytest.mark.parametrize("pivot", ["", "channels", "point"])
def test_every_row_has_a_cell_in_every_column(grid, pivot):
    laid = document(grid, pivot=pivot)
    assert {len(row) for row in laid.rows} == {len(laid.columns)}
    assert sum(laid.blocks) == len(laid.rows)


@pytest.mark.parametrize(
    "name", ["latency", "latency_s", "Latency", "efficiency", "% of roofline", "of bound"]
)
def test_a_metric_is_asked_for_by_any_of_its_names(grid, name):
    column = document(grid, ["module", name]).columns[1]
    assert column.name == ("latency_s" if "atency" in name else "efficiency")
    records = document(grid, ["module", name]).records()
    assert set(records[0]) == {"module", column.name}


def test_what_tells_rows_apart_never_leaves_and_figures_do(grid):
    table = document(results(modules=FEW, channels="32,64", res="28,14", train=True))
    lasting = {column.name for column in table.columns if column.keep is None}
    assert lasting == {"channels", "size", "mode", "module"}


def test_an_interval_is_shown_wherever_a_metric_has_one(grid):
    frame = grid.frame.copy()
    frame["throughput_ci_low_per_s"] = [0.9 * value for value in frame["throughput_per_s"]]
    frame["throughput_ci_high_per_s"] = [1.1 * value for value in frame["throughput_per_s"]]
    shown = texts_of(document(replace(grid, frame=frame), ["module", "throughput", "latency"]))
    assert all(row["throughput"].endswith("/s ± 10 %") for row in shown)
    assert all(row["latency"].endswith("± 2.0 %") for row in shown)


def test_a_latency_of_too_few_samples_says_how_many_there_were(grid):
    frame = grid.frame.copy()
    frame["latency_ci_low_s"] = frame["latency_ci_high_s"] = None
    frame["latency_n"] = 2
    shown = texts_of(document(replace(grid, frame=frame), ["module", "latency"]))
    assert all(row["latency"].endswith(" (n=2)") for row in shown)


HEADINGS = {  # as tables show them -> the column of results.csv
    "MACs": "macs",
    "LATENCY": "latency_s",
    "latency (ms)": "latency_s",
    "% of roofline": "efficiency",
    "vs se": "vs_baseline",
    "VS SE": "vs_baseline",
    "latency/se": "latency_over_se",
    "images/s": "throughput_per_s",
    "Status": "status",
    "c": "channels",
    "HxW": "size",
    "runtime": "execution",
    "latency +%": "added_latency_share",
    "+ latency": "added_latency_s",
}


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_column_goes_by_what_stands_above_it_in_any_case(heading):
    columns = over(of_folder(QUICK), "se")
    assert resolve(columns, heading) == HEADINGS[heading]


def test_the_column_of_ratios_says_over_which_module_they_are():
    [column] = document(of_folder(QUICK), columns=("vs_baseline",)).columns
    assert column.heading == "vs se"


def test_what_a_unit_makes_alike_is_best_alike():
    networks = of_folder(QUICK.parent / "20261130-networks-cpu")
    names = ("module", "macs", "host")
    rounded = document(networks, names, units=("G",)).rows
    exact = document(networks, names).rows
    best = [
        {row[0].value for row in rows if row[1].best and row[2].value == "resnet50"}
        for rows in (exact, rounded)
    ]
    assert "eca" not in best[0]
    assert "eca" in best[1]
    assert "plain" not in best[1]
