"""Names that are too long, numbers that are too large, bytes that are no text: one line, and the right exit code."""

import io
import re
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from attnprof.cli._worker import started_worker
from attnprof.planning import plan
from attnprof.records.journal import Journal
from attnprof.records.record import Measurement, account_event, done_event, visit_event
from attnprof.spec import Spec
from tests.every_case import every_case
from tests.synthetic import ENVIRONMENT

LONG = "a" * 300
ESCAPES = "\x1b]0;x\x07\x9b2J\u202e"
ONE_LINE = [
    # names of 300 letters
    (f"table {LONG}", 2), (f"pick {LONG}", 2), (f"report {LONG}", 2), (f"plot {LONG}", 2), (f"diff {LONG} {LONG}", 2),
    (f"merge {LONG} {LONG}", 2), (f"run --resume {LONG}", 2), (f"run {LONG}.toml", 2), (f"check {LONG}", 2),
    (f"run -m {LONG}", 2), (f"run -m {LONG}.py:Gate", 2), (f"count -m {LONG}.py:Gate", 2), (f"show {LONG}", 2),
    (f"show {LONG}.py:Gate", 2), (f"explain {LONG}@64@56", 2), (f"host {LONG}.py:net --insert se", 2),
    (f"count -m se --points 16@8 -o {LONG}", 4), (f"run -o {LONG}", 4), (f"run --name {LONG}", 2),
    (f"table {{wide}} -o {LONG}.csv", 4), (f"report {{wide}} -o {LONG}.html", 4), (f"plot {{wide}} -o {LONG}.png", 4),
    (f"merge {{wide}} {{wide}} -o {LONG}", 4), (f"completion {LONG}", 2), (LONG, 2), (f"list {LONG}", 2),
    # numbers
    ("run --timeout 1e10s", 2), ("run --timeout 0s", 2), ("run --timeout 1e-9s", 2), ("run --memory-limit 1e90TiB", 2),
    ("run --time-budget 1e10h", 2), (f"run --seed {'9' * 5000}", 2),
    (f"run --res {'9' * 5000}", 2), (f"run --batch {'9' * 5000}", 2), (f"run --threads {'9' * 5000}", 2),
    (f"run --set cbam.reduction={'9' * 5000}", 2), (f"run -m se(reduction={'9' * 5000})", 2),
    (f"run --set cbam.reduction={'[' * 1000}", 2), (f"run -m {'(' * 1000}", 2), (f"run -m se({'[' * 1000})", 2),
    # texts
    ("report {wide} -o ", 2), ("table {wide} -o ", 4), ("plot {wide} -o ", 2), ("run -o a\0b", 2), ("run -m a\0.py:G", 2),
    ("table a\0b", 2), ("run a\0b", 2), ("run -m \udcff.py:G", 2), ("table \udcff", 2),
]  # fmt: skip


def test_each_is_one_line_and_the_right_exit_code(cli, wide):
    with every_case() as case:
        for line, code in ONE_LINE:
            with case(ascii(line)[:80]):
                said = cli(*line.format(wide=wide).split(" "))
                assert (said.code, said.out) == (code, "")
                assert said.err.count("\n") == 1
                assert said.err.startswith("error: ")
                assert said.err[:-1].isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 1000 + "]" * 1000,
        "x = " + "{a=" * 1000,
        f"[grid]\nbatch = {'9' * 5000}",
        f"[measure]\nseed = {'9' * 5000}",
        '[grid]\nmodules = ["se\\u0000"]',
        '[grid]\nmodules = ["a\\u0000.py:Gate"]',
        '[grid]\nnetworks = ["a\\u0000.py:net"]',
        '[output]\noutput = "a\\u0000b"',
        '[output]\nname = "a\\u0000b"',
        '[measure]\ndevice = "\\u0000"',
        '[budget]\nparams = "\\u0000"',
        '[variants.cbam]\nreduction = ["\\u0000"]',
        "\x00",
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_a_spec_that_is_deep_large_or_holds_nul_is_one_line_and_exit_code_2(cli, tmp_path, text):
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    for command in ("run", "count", "check"):
        said = cli(command, "spec.toml")
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("error: spec.toml")
        assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "content", [b"\xff\xfea\x00,\x00b\x00", bytes(range(256)), b"\x00" * 99, b"\x80", b""]
)
def test_standard_input_that_is_no_results_csv_is_one_line_and_exit_code_2(cli, monkeypatch, content):
    for line in ("table -", "pick -", "plot -", "report - -o x.html"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        said = cli(*line.split())
        assert (said.code, said.out) == (2, "")
        assert said.err.count("\n") == 1
        assert "standard input" in said.err


@pytest.mark.parametrize(
    "variables", [{"COMP_CWORD": "x", "COMP_WORDS": "attnprof"}, {}, {"COMP_WORDS": "'", "COMP_CWORD": "1"}]
)
def test_a_shell_that_asks_wrongly_for_completion_is_told_so_on_one_line(cli, monkeypatch, variables):
    for name, value in {"_ATTNPROF_COMPLETE": "bash_complete", **variables}.items():
        monkeypatch.setenv(name, value)
    said = cli()
    assert said.code in ({0} if "'" in variables.values() else {2})
    assert said.err.count("\n") <= 1


def test_an_unknown_shell_asks_for_completion(cli, monkeypatch):
    monkeypatch.setenv("_ATTNPROF_COMPLETE", "tcsh_complete")
    said = cli()
    assert said.code == 2
    assert said.err.count("\n") == 1


def test_more_threads_than_cores_are_one_line_and_the_run_goes_on(monkeypatch):
    monkeypatch.setattr("attnprof.cli._worker.cores", lambda: 2)
    monkeypatch.setattr("attnprof.cli._worker.start_worker", lambda setup: None)
    lines = []
    terminal = SimpleNamespace(note=lines.append, quiet=True)
    for threads in (1024, 2):
        with started_worker(Spec(threads=threads), terminal):
            pass
    assert lines == ["1024 threads on 2 cores wait for each other: --threads 2"]


# Escapes in what a mistake repeats

REPEATED = [
    "table {}", "pick {}", "report {}", "plot {}", "merge {} {}", "diff {} {}", "run --resume {}", "run {}", "check {}",
    "run -m {}", "run -m {}.py:Gate", "count -m se --points 16@8 -o {}/a", "count -m {}", "show {}", "list {}", "cite {}", "explain {}@64@56",
    "host {} --insert se", "completion {}", "{}", "table {wide} --columns {}", "table {wide} --format {}", "run --{}",
    "pick {wide} -m {}", "pick {wide} --max-params {}", "plot {wide} -o {}.png", "report {wide} -o {}.html",
    "table {wide} -o {}.csv", "run --res {}", "doctor {}", "init {}",
]  # fmt: skip


def test_no_escape_reaches_stderr_or_stdout_from_any_command_line(cli, wide, tmp_path):
    strange = ESCAPES.replace(" ", "")
    with every_case() as case:
        for line in REPEATED:
            with case(line):
                said = cli(
                    *(word.replace("{wide}", str(wide)).replace("{}", strange) for word in line.split())
                )
                assert (said.out + said.err).replace("\n", "").replace("\u202f", "").isprintable()


@pytest.fixture
def strange(tmp_path):
    """A run folder whose texts are escapes. Nobody measured it."""
    spec = Spec(modules="se,eca", points="16@8,32@8", counters="fvcore")
    environment = {
        **ENVIRONMENT,
        "device_name": ESCAPES + "\n%",
        "torch_version": ESCAPES,
        "run_id": "r\x1b[2J",
    }
    with Journal.create(tmp_path / "strange") as journal:
        journal.begin(spec.to_toml(), environment)
        for number, cell in enumerate(plan(spec, "cpu").cells):
            case = replace(cell.case, module=f"my{ESCAPES}.py:{cell.case.module}")
            counted = [Measurement("params", 3, "count"), Measurement("macs", 9, "count")]
            seconds = Measurement("latency", 1e-4, "s", (9e-5, 2e-4), "samples", 9, note=ESCAPES)
            journal.append(
                account_event(case, [*counted, Measurement("fvcore_macs", None, "count", note=ESCAPES)])
            )
            journal.append(visit_event(case, 0, [seconds], [ESCAPES]))
            journal.append(done_event(case, "ok") if number else done_event(case, "failed", ESCAPES))
    return tmp_path / "strange"


def test_no_escape_reaches_a_terminal_from_the_texts_of_a_run_folder(cli, strange):
    with every_case() as case:
        for line in (
            "table {}",
            "pick {}",
            "diff {} {}",
            "table {} --format json",
            "table {} --format csv",
            "plot {}",
        ):
            with case(line):
                said = cli(*line.format(strange, strange).split())
                assert said.code == 0
                assert (said.out + said.err).replace("\n", "").replace("\u202f", "").isprintable()


def test_a_page_and_a_figure_of_strange_texts_are_whole(cli, strange, tmp_path):
    assert cli("report", strange, "-o", "x.html").code == 0
    assert cli("plot", strange, "-o", "x.svg").code == 0
    ElementTree.parse(tmp_path / "x.svg")
    shown = (tmp_path / "x.html").read_text(encoding="utf-8").replace("\n", "")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", shown)
