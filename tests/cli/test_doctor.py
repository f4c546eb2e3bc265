"""attnprof doctor: text, JSON, exit codes."""

import json

import pytest

from attnprof.running.protocol import MeasureRequest
from tests.doctor.scripted import Scripted


@pytest.fixture
def doctor(cli, monkeypatch):
    """Run ``attnprof doctor`` with workers that are scripts."""

    def run(*arguments, **script):
        monkeypatch.setattr("attnprof.running.client.start_worker", lambda setup: Scripted(**script))
        return cli("doctor", *arguments)

    return run


def test_a_machine_that_can_measure_is_exit_code_0(doctor):
    said = doctor()
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("attnprof ")
    assert "ok    noise       a module against itself: same, 1.000x (1.000 to 1.000)" in said.out
    assert said.out.splitlines()[-1].startswith("Ready to measure")


def test_a_machine_that_cannot_is_exit_code_4_and_says_what_stands_in_the_way(doctor):
    said = doctor(dies=MeasureRequest)
    assert said.code == 4
    assert said.out.endswith("This machine cannot measure: self-tests.\n")


def test_advice_stands_below_what_it_is_about(doctor):
    lines = doctor(flags=("contended",), seconds=(1e-4, 2e-4)).out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("note  noise"))
    assert (
        lines[at + 1].strip()
        == "something else changes the machine while it measures: end other programs, and try again"
    )


def test_json_is_for_programs_and_bug_reports(doctor):
    found = json.loads(doctor("--format", "json").out)
    assert (found["schema"], found["ready"]) == (1, True)
    assert {"name", "level", "says", "advice", "commands"} == set(found["findings"][0])
    assert json.loads(doctor("--format", "json", dies=MeasureRequest).out)["ready"] is False


def test_a_device_that_there_is_none_of_is_a_mistake(doctor):
    said = doctor("--device", "abacus")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: --device: no device 'abacus'") or "no device 'abacus'" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.slow
def test_this_machine_is_examined_in_earnest(command, tmp_path):
    done = command("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "against itself" in done.stdout
    assert "params and MACs as known" in done.stdout
    assert done.stderr == ""


@pytest.fixture
def folder(cli, tmp_path):
    assert cli("count", "-m", "se,eca", "--points", "16@8", "--counters", "none", "-o", "out").code == 0
    return tmp_path / "out"


def test_a_whole_run_folder_is_exit_code_0(cli, folder):
    ended = cli("doctor", "out")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "out: schema 1, 4 records\nNothing is wrong.\n"


def test_a_damaged_run_folder_is_exit_code_1_and_a_copy_of_it_is_mended(cli, folder, tmp_path):
    lines = (folder / "records.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "records.jsonl").write_bytes(b"".join([lines[0], b"{\n", *lines[2:]]))
    ended = cli("doctor", "out")
    assert ended.code == 1
    assert ended.out.splitlines()[1:] == [
        "records.jsonl:2: not a record (left out; --resume measures what it held)",
        "results.csv: 2 rows, where the journal has 1 cells (left out; --resume writes it)",
        "2 things are wrong; --repair writes a mended copy beside the folder.",
    ]
    ended = cli("doctor", "out", "--repair")
    assert ended.code == 0
    assert ended.out.endswith(f"Mended in {tmp_path / 'out-repaired'}.\n")
    assert cli("doctor", "out-repaired").code == 0
    assert cli("run", "--resume", "out-repaired").code == 0
    assert cli("doctor", "out-repaired").out == "out-repaired: schema 1, 5 records\nNothing is wrong.\n"
    assert cli("doctor", "out", "--repair").err.endswith(
        "is there already: remove or rename it, and try again\n"
    )


def test_what_is_wrong_is_there_for_programs(cli, folder):
    (folder / "spec.toml").write_text("[grid]\n")
    outcome = json.loads(cli("doctor", "out", "--format", "json").out)
    assert [defect["place"] for defect in outcome["defects"]] == ["spec.toml"]
    assert cli("doctor", "out", "--format", "csv").out.splitlines()[1].startswith("spec.toml,")


def test_a_whole_folder_needs_no_copy(cli, folder, tmp_path):
    assert cli("doctor", "out", "--repair").code == 0
    assert not (tmp_path / "out-repaired").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--repair",), "error: --repair mends a run folder: attnprof doctor FOLDER --repair\n"),
        (
            ("absent",),
            "error: absent holds no run: there is none of spec.toml, environment.json, records.jsonl\n",
        ),
    ],
)
def test_a_mistake_is_one_line(cli, arguments, says):
    ended = cli("doctor", *arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", says)
