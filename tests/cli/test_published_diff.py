"""attnprof diff RUN published:NAME."""

import csv
import io
import json
from pathlib import Path

import pytest

(KEPT,) = (Path(__file__).parents[2] / "reports").glob("*-published-meta")


def test_a_table_says_how_it_counts_and_each_figure_what_became_of_it(cli):
    done = cli("diff", KEPT, "published:CBAM paper")
    assert done.code == 0
    assert done.out.splitlines()[0].startswith("CBAM paper Table")
    assert "way of counting: strides in the first 1x1 (v1)" in done.out
    rows = [line.split() for line in done.out.splitlines() if line.startswith("ResNet-50")]
    assert rows == [
        ["ResNet-50", "se(bias=true)", "28.09", "3.860", "explained"],
        ["ResNet-50", "cbam", "28.09", "3.864", "explained"],
    ]
    assert done.out.endswith("2 published figures: 2 explained.\n")


def test_what_is_not_reproduced_has_ours_beside_it_and_a_reason(cli):
    done = cli("diff", KEPT, "published:involution")
    assert "15.54 (15.53)" in done.out
    assert "not reproduced [1]" in done.out
    assert "[1] a different network: stem also changed" in " ".join(done.out.split())


def test_programs_get_every_figure(cli):
    found = json.loads(cli("diff", KEPT, "published:all", "--format", "json").out)
    assert sum(found["counts"].values()) == len(found["figures"])
    assert all(figure["why"] for figure in found["figures"] if figure["verdict"] == "not reproduced")
    rows = list(csv.DictReader(io.StringIO(cli("diff", KEPT, "published:all", "--format", "csv").out)))
    assert [row["verdict"] for row in rows] == [figure["verdict"] for figure in found["figures"]]
    assert next(row for row in rows if row["module"] == "cbam")["macs"]


def test_markdown_is_a_table_under_its_source(cli):
    lines = cli("diff", KEPT, "published:CBAM paper", "--format", "md").out.splitlines()
    assert lines[0].startswith(
        "### CBAM paper Table (via a GitHub review note)  [arXiv:1807.06521, ImageNet results]"
    )
    assert "way of counting: strides in the first 1x1 (v1)" in lines


def test_markdown_has_every_column(cli):
    lines = cli("diff", KEPT, "published:SENet", "--format", "md").out.splitlines()
    assert [line for line in lines if line.startswith("|")][0].count("|") == 6


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((KEPT, "published:nothing"), "published:nothing: no network, module or source here has that name"),
        (
            (KEPT, "published:se", "--tolerance", "1%"),
            "--tolerance compares two runs; published tables have counts alone",
        ),
        ((KEPT, "published:VGG-16"), "it has no params or FLOPs of a network and input size of this run"),
        (("nowhere", "published:all"), "nowhere"),
    ],
)
def test_a_mistake_is_one_line(cli, arguments, says):
    done = cli("diff", *arguments)
    assert done.code == 2
    assert says in done.err
    assert done.err.count("\n") == 1


def test_a_run_without_networks_says_which_to_make(cli):
    cli("count", "-m", "se", "--channels", "32", "--res", "7", "-o", "alone")
    assert "this run counted no network; make one" in cli("diff", "alone", "published:all").err
