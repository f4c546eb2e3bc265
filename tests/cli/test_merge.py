"""attnprof run --shard and attnprof merge: the parts of a run make one folder that every command takes."""

import json

import pytest

from attnprof.records.case import key_of
from attnprof.records.journal import EVENTS

COUNT = [
    "count",
    "-m",
    "se,eca,cbam,none",
    "--channels",
    "16,32,64",
    "--res",
    "7",
    "--counters",
    "none",
    "-q",
]


@pytest.fixture
def shards(cli, tmp_path):
    for n in (1, 2, 3):
        assert cli(*COUNT, "--shard", f"{n}/3", "-o", f"s{n}").code == 0
    return ["s1", "s2", "s3"]


def without_run_ids(path):
    return [line.split(",", 2)[2] for line in path.read_text().splitlines()]


def test_shards_merged_are_the_table_of_the_whole(cli, shards, tmp_path):
    whole = cli(*COUNT, "-o", "whole")
    said = cli("merge", *shards, "-o", "merged")
    assert (said.code, said.err) == (0, "all rows: merged/results.csv\n")
    assert said.out.splitlines()[1:] == whole.out.splitlines()[1:]
    assert without_run_ids(tmp_path / "merged" / "results.csv") == without_run_ids(
        tmp_path / "whole" / "results.csv"
    )


def test_a_merged_folder_is_taken_by_other_commands_and_by_merge_itself(cli, shards, tmp_path):
    cli("merge", "s1", "s2", "-o", "two")
    said = cli("merge", "two", "s3", "-o", "three", "-q")
    assert said.code == 0
    assert cli("table", "three").out == said.out
    assert cli("pick", "three", "--max-params", "10").code == 0


def test_cells_that_no_part_has_are_counted(cli, shards):
    said = cli("merge", "s1", "s2", "-o", "two")
    assert "4 of 12 cells are in none of the runs\n" in said.err


def test_a_merged_run_is_finished_by_its_parts(cli, shards):
    cli("merge", "s1", "s2", "-o", "two")
    said = cli("run", "--resume", "two")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: two was merged from 2 runs: finish those that are not finished, each where it was measured"
        " (attnprof run --resume FOLDER), and merge them anew\n"
    )


def test_kinds_of_device_that_are_kept_apart_are_named(cli, tmp_path):
    for device in ("cpu", "cuda:0"):
        cli(*COUNT, "-o", device[:3])
    environment = tmp_path / "cud" / "environment.json"
    environment.write_text(json.dumps(json.loads(environment.read_text()) | {"device": "cuda:0"}))
    said = cli("merge", "cpu", "cud", "-o", "both")
    assert said.code == 0
    assert "cuda and meta are kept apart: each has rows of its own, and none is compared\n" in said.err


def test_more_hands_than_sizes_are_refused_before_anything_is_counted(cli, tmp_path):
    said = cli(*COUNT, "--shard", "1/4", "-o", "s1")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: --shard 1/4: this plan has 3 sizes and sets of conditions to deal; cells of one size are"
        " compared, so that one machine measures them all: at most --shard 1/3 to 3/3\n"
    )
    assert not (tmp_path / "s1").exists()


def test_a_merged_run_is_the_newest(cli, shards):
    said = cli("merge", *shards)
    assert said.code == 0
    assert cli("table").out == said.out


def test_the_environment_of_a_merged_folder_holds_that_of_each_run(cli, shards, tmp_path):
    cli("merge", *shards, "-o", "merged")
    environment = json.loads((tmp_path / "merged" / "environment.json").read_text())
    parts = [json.loads((tmp_path / name / "environment.json").read_text()) for name in shards]
    assert environment["runs"] == {part["run_id"]: part for part in parts}
    assert environment["run_id"] not in environment["runs"]


def test_what_does_not_belong_together_is_refused_before_a_folder_is_made(cli, shards, tmp_path):
    cli("count", "-m", "se", "--channels", "16", "--res", "7", "--counters", "none", "-q", "-o", "other")
    said = cli("merge", "s1", "other", "-o", "merged")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: other does not belong with s1: grid.modules is se, not se,eca,cbam,none\n"
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["s1"], "name two runs or more: attnprof merge RUN RUN"),
        ([], "name two runs or more: attnprof merge RUN RUN"),
        (["s1", "absent"], "absent/spec.toml: cannot read it: No such file or directory"),
        (["s1", "s2", "-o", "s1"], "s1 holds a run already. "),
        (["s1", "s2", "--format", "latx"], "no format 'latx'. "),
    ],
)
def test_a_mistake_is_one_line(cli, shards, arguments, says):
    said = cli("merge", *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {says}")
    assert said.err.count("\n") == 1


def test_a_dry_run_of_a_shard_lists_its_cells_alone(cli):
    lists = [
        cli("run", *COUNT[1:-1], "--no-latency", "--dry-run", "--shard", f"{n}/3").out.splitlines()
        for n in (1, 2, 3)
    ]
    whole = cli("run", *COUNT[1:-1], "--no-latency", "--dry-run").out.splitlines()
    assert sorted(line for each in lists for line in each) == sorted(whole)


def test_what_a_newer_version_says_of_a_record_stays_in_its_line(cli, shards, tmp_path):
    """A field of a case is behind its key, too: without it the line would be another case's."""
    for name in shards:
        journal = tmp_path / name / EVENTS
        newer = [json.loads(line) for line in journal.read_text().splitlines()]
        for event in newer:
            event["case"]["weather"] = "clear"
            event |= {"key": key_of(event["case"]), "mood": ["calm"]}
        journal.write_text("".join(f"{json.dumps(event)}\n" for event in newer))
    assert cli("merge", *shards, "-o", "merged").code == 0
    events = [json.loads(line) for line in (tmp_path / "merged" / EVENTS).read_text().splitlines()]
    assert {(event["mood"][0], event["case"]["weather"]) for event in events} == {("calm", "clear")}
    assert {event["run"] for event in events} == {
        json.loads((tmp_path / name / "environment.json").read_text())["run_id"] for name in shards
    }
    assert cli("table", "merged").code == 0
