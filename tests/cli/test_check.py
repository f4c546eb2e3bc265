"""attnprof check: a budget as a gate on exact counts; what GitHub Actions is told."""

import csv
import io
import json
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest

from attnprof.cli import COMMANDS
from tests.cli.conftest import Counting

SPEC = """\
[grid]
modules = ["se", "eca", "cbam"]
points = ["64@14", "256@7"]

[budget]
params = "<=8.5k"
macs = "<=10x:se"
latency = "<=1ms"
"""


@pytest.fixture
def gate(cli, tmp_path, monkeypatch):
    """Run ``attnprof check`` beside a spec file, counting in this process."""
    monkeypatch.setattr("attnprof.running.client.start_worker", Counting)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "attnprof.toml").write_text(SPEC)
    return lambda *arguments: cli("check", *arguments)


def test_a_module_over_its_budget_is_exit_code_1_and_says_by_how_much(gate):
    said = gate()
    assert (said.code, said.err) == (1, "")
    assert said.out.startswith("attnprof.toml: params <= 8.5 k and macs <= 10x:se at 64@14, 256@7\n")
    [row] = [line for line in said.out.splitlines() if line.startswith("cbam")]
    assert "params 8\u202f564 at 256@7 is 0.8 % over" in row
    assert said.out.endswith("1 of 3 modules over the budget\n")


def test_a_budget_that_holds_is_exit_code_0(gate):
    said = gate("--max-params", "9k")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("the budget holds for all of 3 modules\n")


def test_what_needs_measuring_is_not_judged_and_it_says_so(gate):
    assert "not judged, being no count: latency<=1ms (--measure)" in gate().out


def test_a_budget_that_all_needs_measuring_is_a_mistake(gate):
    said = gate("--max-latency", "1ms")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: nothing to judge: its limits need --measure\n"


def test_a_reference_that_was_not_asked_for_is_counted_and_not_judged(gate, tmp_path):
    (tmp_path / "attnprof.toml").write_text('[grid]\nmodules = ["eca"]\npoints = ["64@14"]\n')
    said = gate("--max-macs", "1x:se")
    assert said.code == 0
    assert "the budget holds for all of 1 modules" in said.out


def test_a_cell_that_cannot_be_counted_does_not_hold(gate, tmp_path):
    (tmp_path / "attnprof.toml").write_text(
        '[grid]\nmodules = ["se"]\npoints = ["8@14"]\n[budget]\nparams = "<=10k"\n'
    )
    said = gate()
    assert said.code == 1
    assert "params: skipped: channels must be at least the reduction = 16" in said.out


def test_training_is_counted_where_the_budget_speaks_of_it(gate):
    said = gate("--max-train-memory", "1GiB")
    assert (said.code, said.err) == (2, "error: nothing to judge: its limits need --measure\n")


def test_json_and_csv_say_the_same(gate):
    said = gate("--format", "json")
    whole = json.loads(said.out)
    assert (said.code, whole["holds"], whole["not_judged"]) == (1, False, ["latency<=1ms"])
    verdicts = {(m["module"], v["limit"]): v["holds"] for m in whole["modules"] for v in m["limits"]}
    assert verdicts["cbam", "params<=8.5k"] is False
    assert verdicts["se", "params<=8.5k"] is True
    rows = list(csv.DictReader(io.StringIO(gate("--format", "csv").out)))
    assert {(row["module"], row["limit"]): row["holds"] == "true" for row in rows} == verdicts


def test_github_is_told_the_line_of_each_limit_that_is_broken_and_given_a_summary(
    gate, monkeypatch, tmp_path
):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n")
    said = gate("--format", "json")
    lines = said.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("::error file=attnprof.toml,line=7,title=attnprof check%3A cbam::MACs ")
    assert lines[1] == (
        "::error file=attnprof.toml,line=6,title=attnprof check%3A cbam::"
        "params 8\u202f564 at 256@7 is 0.8 %25 over (params<=8.5k)"
    )
    assert json.loads(said.out)["holds"] is False
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("before\n| module |")
    assert "1 of 3 modules over the budget" in summary


def test_nobody_else_is_told(gate, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert "::error" not in gate().err
    assert not (tmp_path / "summary.md").exists()


def test_a_limit_of_the_command_line_has_no_line(gate, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = gate("--max-params", "10")
    assert {line.partition("::error ")[2].split("=")[0] for line in said.err.splitlines()} == {"title"}


def test_a_summary_that_cannot_be_written_is_the_environments_fault(gate, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    said = gate("--max-params", "9k")
    assert said.code == 4
    assert said.err == f"error: cannot write the step summary {tmp_path}: is a directory\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[grid]\n", "nothing to judge: attnprof.toml has no [budget]; add one, or --budget 'params<=10k'"),
        (
            '[budget]\nparams = "<=10m"\n',
            "attnprof.toml:2: budget.params: '10m' is ambiguous (milli or mega?); write 10M",
        ),
    ],
)
def test_a_spec_without_a_budget_that_means_something_is_a_mistake(gate, tmp_path, text, says):
    (tmp_path / "attnprof.toml").write_text(text)
    said = gate()
    assert (said.code, said.out, said.err) == (2, "", f"error: {says}\n")


def test_a_check_without_a_file_says_what_to_write(gate, tmp_path):
    (tmp_path / "attnprof.toml").unlink()
    said = gate()
    assert (said.code, said.err) == (
        2, "error: no spec file here: write attnprof.toml with [grid] and [budget], or name one\n"
    )  # fmt: skip


GRID = '[grid]\nmodules = ["se", "eca"]\npoints = ["64@14", "256@7"]\n'


@pytest.fixture
def counted(gate, tmp_path):
    """A spec without a budget, and its counts in counts.json."""
    (tmp_path / "attnprof.toml").write_text(GRID)
    said = gate("--write", "counts.json")
    assert (said.code, said.err) == (0, "counts.json\n")
    return tmp_path / "counts.json"


def change(path, alter):
    data = json.loads(path.read_text())
    alter(data["counts"])
    path.write_text(json.dumps(data))


def test_counts_that_are_those_of_the_file_hold(gate, counted):
    said = gate("--against", "counts.json")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("counts.json: no count changed, of 4 cells\n")


def test_a_count_that_changed_is_exit_code_1_and_says_from_what_to_what(gate, counted):
    change(counted, lambda counts: counts["se@64@14"].update(params=500))
    said = gate("--against", "counts.json")
    assert said.code == 1
    assert [line.split() for line in said.out.splitlines() if line.startswith("se@64@14")] == [
        ["se@64@14", "params", "500", "512", "+2.4", "%", "changed"]
    ]
    assert said.out.endswith("counts.json: 1 count changed, of 4 cells\n")


def test_what_was_added_and_removed_is_named_and_no_failure(gate, counted):
    change(counted, lambda counts: counts.update({"gone@8@8": counts.pop("eca@256@7")}))
    said = gate("--against", "counts.json")
    assert said.code == 0
    assert said.out.endswith("counts.json: no count changed, 1 added, 1 removed, of 4 cells\n")


def test_a_budget_and_a_file_of_counts_are_both_judged(gate, counted):
    change(counted, lambda counts: counts["se@64@14"].update(macs=1))
    said = gate("--against", "counts.json", "--max-params", "9k", "--format", "json")
    whole = json.loads(said.out)
    assert (said.code, whole["holds"]) == (1, False)
    assert whole["changes"] == [
        {"cell": "se@64@14", "verdict": "changed", "count": "macs", "before": 1, "now": 512}
    ]
    rows = list(csv.DictReader(io.StringIO(gate("--against", "counts.json", "--format", "csv").out)))
    assert [(row["module"], row["at"], row["holds"], row["value"]) for row in rows] == [
        ("se", "64@14", "false", "512")
    ]


def test_a_changed_count_is_annotated_at_its_file(gate, counted, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    change(counted, lambda counts: counts["se@64@14"].update(params=500))
    assert gate("--against", "counts.json").err == (
        "::error file=counts.json,title=attnprof check%3A se@64@14::params 500 -> 512 (+2.4 %25)\n"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "--against: cannot read c.json: no such file or directory; write it: "),
        ("{", "c.json is no file of counts; write one: "),
        (
            '{"schema": 1, "counts": {"se@64@14": {"params": "512"}}}',
            "c.json is no file of counts; write one: ",
        ),
    ],
)
def test_a_file_that_holds_no_counts_is_a_mistake(gate, counted, tmp_path, text, says):
    if text is not None:
        (tmp_path / "c.json").write_text(text)
    said = gate("--against", "c.json")
    assert (said.code, said.out) == (2, "")
    assert said.err == f"error: {says}attnprof check --write c.json\n"


def test_junit_has_a_test_for_each_limit_and_each_cell(gate, counted, tmp_path):
    change(counted, lambda counts: counts["se@64@14"].update(params=500))
    said = gate("--against", "counts.json", "--max-params", "8k", "--junit", "out.xml")
    assert (said.code, said.err) == (1, "out.xml\n")
    suite = parse(tmp_path / "out.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("6", "2")
    failures = {case.get("name"): case[0].get("message") for case in suite if len(case)}
    assert failures == {
        "params<=8k": "params 8\u202f192 at 256@7 is 2.4 % over",
        "counts of se@64@14": "params 500 -> 512 (+2.4 %)",
    }


def test_the_hook_before_a_commit_is_a_command_that_exists():
    text = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    [entry] = [line.split() for line in text.splitlines() if line.strip().startswith("entry:")]
    assert entry[1] == "attnprof"
    assert entry[2] in COMMANDS
    assert "pass_filenames: false" in text
