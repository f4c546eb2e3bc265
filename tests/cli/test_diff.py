"""attnprof diff of two runs: exit codes, the table at 80 columns, what programs and GitHub are told."""

import csv
import io
import json

import pytest

from tests.comparison.scripted import case, cell, folder, ran

STEADY = (1e-3, 1.001e-3, 0.999e-3)
SLOWED = (1.2e-3, 1.201e-3, 1.199e-3)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Folders: base; again, the same; slow, with one cell slower, one count changed and one cell that
    broke."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    names = [case(name, 64) for name in ("se", "eca", "=cbam")]
    folder(tmp_path / "base", ran("base", *(cell(each, STEADY) for each in names), commit="aaa"))
    folder(tmp_path / "again", ran("again", *(cell(each, STEADY) for each in names), commit="bbb"))
    slow = [
        cell(names[0], SLOWED, flags=("drift",)),
        cell(names[1], STEADY, {"params": 600, "macs": 1024}),
        cell(names[2], status="oom", reason="the attention map is too large"),
    ]
    folder(tmp_path / "slow", ran("slow", *slow))
    return tmp_path


def test_runs_that_are_the_same_are_exit_code_0(cli, runs):
    said = cli("diff", "base", "again")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(
        "A  base, 2026-11-20 12:00, commit aaa\nB  again, 2026-11-20 12:00, commit bbb\n"
    )
    assert "28x28, batch 1, fp32, cpu (Test Processor, 1 thread)\n" in said.out
    assert said.out.endswith(
        "3 cells: 0 slower, 0 faster, 0 unclear, 3 same; geometric mean 1.00x (1.00 to 1.00).\nNo count changed.\n"
    )


def test_cells_of_several_batches_are_told_apart(cli, tmp_path):
    cells = [cell(case("se", batch=batch), STEADY) for batch in (1, 8)]
    folder(tmp_path / "a", ran("a", *cells, cell(case("eca", batch=8), STEADY)))
    folder(tmp_path / "b", ran("b", *cells))
    out = cli("diff", "a", "b").out
    assert "\n28x28, fp32, cpu" in out
    assert [line.split()[:3] for line in out.splitlines() if line.startswith((" C", "64"))] == [
        ["C", "batch", "module"], ["64", "1", "se"], ["64", "8", "se"],
    ]  # fmt: skip
    assert "only in A: eca@64@28 batch 8\n" in out


def test_what_is_worse_is_named_and_exit_code_1(cli, runs):
    said = cli("diff", "base", "slow")
    assert said.code == 1
    rows = [line.split() for line in said.out.splitlines() if line.startswith("64")]
    assert rows[0] == ["64", "se", "1.00", "ms", "1.20", "ms", "1.20x", "1.20", "to", "1.20", "slower", "[1]"]
    assert rows[1][-1] == "same"
    assert "[1] B drift: speed changed" in said.out
    assert "eca@64@28: params 512 -> 600 (+17.2 %)\n" in said.out.replace("\u202f", " ")
    assert "=cbam@64@28 was ok and is oom: the attention map is too large\n" in said.out
    assert said.out.endswith("Counts or memory changed in 1 cell.\n1 cell can no longer be measured.\n")


def test_a_tolerance_decides_what_is_slower(cli, runs):
    assert "1 slower" in cli("diff", "base", "slow", "--tolerance", "10%").out
    assert "0 slower" in cli("diff", "base", "slow", "--tolerance", "30%").out


def test_the_table_fits_80_columns(terminal, runs):
    said = terminal("diff", "base", "slow", cwd=runs, columns=80)
    assert said.code == 1
    assert max(map(len, said.text.splitlines())) <= 80
    assert "1.20 to 1.20" in said.text


def test_csv_has_one_row_per_cell_and_runs_nothing_in_a_spreadsheet(cli, runs):
    rows = list(csv.DictReader(io.StringIO(cli("diff", "base", "slow", "--format", "csv").out)))
    assert [(row["module"], row["verdict"]) for row in rows] == [
        ("se", "slower"),
        ("eca", "same"),
        ("'=cbam", ""),
    ]
    assert float(rows[0]["ratio"]) == pytest.approx(1.2)
    assert json.loads(rows[1]["changes"]) == {"params": [512, 600]}
    assert (rows[2]["after_status"], rows[2]["ratio"], rows[2]["why"]) == (
        "oom",
        "",
        "the attention map is too large",
    )


def test_json_has_everything_and_says_whether_the_gate_holds(cli, runs):
    found = json.loads(cli("diff", "base", "slow", "--format", "json").out)
    assert (found["holds"], found["schema"]) == (False, 1)
    assert found["counts"] == {"faster": 0, "slower": 1, "same": 1, "unclear": 0}
    assert found["cells"][0]["outcome"]["after"]["processes"] == list(SLOWED)
    assert found["cells"][0]["flags"] == [[], ["drift"]]
    assert json.loads(cli("diff", "base", "again", "--format", "json").out)["holds"] is True


def test_markdown_is_a_table_with_its_conditions_below(cli, runs):
    out = cli("diff", "base", "slow", "--format", "md").out
    assert out.splitlines()[0] == "| C | module | A (ms) | B (ms) | B/A | 95 % | verdict | note |"
    assert "A  base, 2026-11-20 12:00" in out


def test_github_is_told_of_each_objection_and_given_the_table(cli, runs, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(runs / "summary.md"))
    said = cli("diff", "base", "slow")
    titles = [line.partition("title=")[2].partition("::")[0] for line in said.err.splitlines()]
    assert titles == [f"attnprof diff%3A {name}@64@28" for name in ("se", "=cbam", "eca")]
    assert "::slower, 1.00 ms -> 1.20 ms, 1.20x (1.20 to 1.20)" in said.err
    assert (runs / "summary.md").read_text().startswith("| C | module |")


def test_modules_in_networks_are_told_apart_by_place_and_the_plain_network_is_called_so(cli, tmp_path):
    inside = {"channels": 3, "host": "resnet50", "network_input": "28x28"}
    cells = [case("none", **inside), *(case("se", place=f"after_bn{n}", **inside) for n in (2, 3))]
    for name in ("a", "b"):
        folder(tmp_path / name, ran(name, *(cell(each, STEADY) for each in cells)))
    rows = [line.split() for line in cli("diff", "a", "b").out.splitlines() if line.startswith("resnet50")]
    assert {tuple(row[:3]) for row in rows} == {
        ("resnet50", "plain", "1.00"), ("resnet50", "se", "after_bn2"), ("resnet50", "se", "after_bn3")
    }  # fmt: skip


def test_counted_runs_are_compared_without_a_table(cli, tmp_path):
    for name in ("a", "b"):
        assert cli(*f"count -m se --channels 64 --res 7 --counters none -q -o {name}".split()).code == 0
    said = cli("diff", "a", "b")
    assert (said.code, said.out.splitlines()[-1]) == (0, "No count changed.")
    assert "counted on meta tensors" in said.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["base", "nowhere"], "error: nowhere holds no run: there is no records.jsonl"),
        (["base/environment.json", "base"], "error: base/environment.json: a table does not have what each process found; name the run's folder"),
        (["base", "again", "--tolerance", "5"], "error: --tolerance: '5' is not a share; write 1%"),
        (["base", "published:se", "--across"], "error: --across compares two runs; published tables have counts alone"),
        (["base", "again", "--metric", "latenci"], "error: --metric: no process of these runs timed 'latenci'. Did you mean 'latency'?"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_exit_code_2(cli, runs, arguments, says):
    said = cli("diff", *arguments)
    assert (said.code, said.out, said.err) == (2, "", says + "\n")


# Seconds of each process and of the control beside it, of two runs of one commit within the hour.
FIRST = {
    "ca": ((478e-6, 167e-6), (470e-6, 171e-6), (430e-6, 171e-6)),
    "cbam": ((668e-6, 167e-6), (663e-6, 171e-6), (632e-6, 171e-6)),
    "gc": ((261e-6, 167e-6), (257e-6, 171e-6), (238e-6, 171e-6)),
    "se": ((194e-6, 167e-6), (196e-6, 171e-6), (181e-6, 171e-6)),
    "simam": ((509e-6, 167e-6), (513e-6, 171e-6), (507e-6, 171e-6)),
}
SECOND = {
    "ca": ((616e-6, 197e-6), (553e-6, 197e-6), (543e-6, 186e-6)),
    "cbam": ((792e-6, 191e-6), (777e-6, 198e-6), (765e-6, 188e-6)),
    "gc": ((329e-6, 190e-6), (314e-6, 197e-6), (295e-6, 185e-6)),
    "se": ((244e-6, 190e-6), (251e-6, 199e-6), (227e-6, 185e-6)),
    "simam": ((640e-6, 190e-6), (592e-6, 194e-6), (613e-6, 185e-6)),
}


def test_two_runs_of_one_commit_on_a_machine_that_moved_have_no_slower_cell(cli, tmp_path):
    for name, modules in (("first", FIRST), ("second", SECOND)):
        cells = []
        for module, processes in modules.items():
            latencies, reference = zip(*processes, strict=True)
            cells.append(cell(case(module), latencies, reference=reference))
        folder(tmp_path / name, ran(name, *cells))
    said = cli("diff", "first", "second")
    assert said.code == 0
    assert "5 cells: 0 slower" in said.out
    assert "this machine ran" in said.out
    assert "B/A leaves that out" in said.out
    said = cli("diff", "first", "second", "--absolute")
    assert said.code == 1
    assert "5 cells: 5 slower" in said.out
    assert "Measure A again" in said.out
