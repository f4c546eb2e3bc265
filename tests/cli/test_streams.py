"""stdout and stderr as they come: of any encoding, closed, full; with few descriptors and little memory."""

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import attnprof.cli as cli_package
from attnprof.cli import COMMANDS
from attnprof.cli._main import main
from attnprof.cli._terminal import Terminal
from attnprof.formats import FORMATS, Document, Format, Written
from attnprof.records.characters import ASCII
from attnprof.views.document import TableCell, TableColumn
from tests.conftest import clean_environment
from tests.every_case import every_case

LEGACY = ("cp1252", "latin-1", "ascii", "cp437", "koi8-r")
SPEC = """
[grid]
modules = ["se", "eca"]
points = ["16@8"]
[budget]
params = "<=10k"
"""
FILE = """
from torch import nn


class Größe(nn.Conv2d):
    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1)
"""
# One line or more for each command: what it prints of figures, notes and mistakes.
LINES = {
    "check": ["check spec.toml", "check spec.toml --budget params<=1"],
    "cite": ["cite se simam none"],
    "completion": ["completion bash"],
    "count": ["count -m se,eca --points 16@8 --counters none", "count -m größe.py:Größe --points 16@8"],
    "diff": ["diff {wide} {wide}"],
    "doctor": ["doctor"],
    "explain": ["explain nonlocal@64@56 --formula", "explain se@64@56 --format md"],
    "export": ["export se@16@7 --as torch --force", "export größe.py:Größe@16@7 --as onnx --opset 0"],
    "host": ["host resnet18 --insert se --res 64 --no-latency", "host größe --insert se"],
    "init": ["init"],
    "list": ["list", "list --format md"],
    "merge": ["merge {wide} {wide} -o merged"],
    "pick": ["pick {wide}", "pick {wide} --max-params 2M", "pick {wide} -m größe"],
    "plot": ["plot {wide} -o größe.png"],
    "report": ["report {wide} -o größe.html"],
    "run": ["run -m se,eca --points 16@8 --no-latency", "run --dry-run", "run --timeout 3µ"],
    "show": ["show nonlocal --at 256@28x40", "show se --as timm", "show größe"],
    "submit": ["submit -m se --points 16@8 -o größe --no-latency --dry-run", "submit -o größe --tasks 3µ"],
    "table": ["table {wide}", "table {wide} --wide --all", "table größe"],
}


@pytest.fixture
def encoded(cli, monkeypatch):
    """``attnprof`` in this process, its streams of an encoding: exit code, stdout, stderr."""

    def run(encoding, *arguments):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2)]
        monkeypatch.setattr("sys.stdout", streams[0])
        monkeypatch.setattr("sys.stderr", streams[1])
        code = main([str(argument) for argument in arguments])
        texts = []
        for stream in streams:
            stream.flush()
            texts.append(stream.buffer.getvalue().decode(encoding))
        return SimpleNamespace(code=code, out=texts[0], err=texts[1])

    return run


# Encodings


@pytest.mark.parametrize("command", COMMANDS.names())
def test_every_command_prints_in_every_encoding(command, encoded, tmp_path, wide, monkeypatch):
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "größe.py").write_text(FILE, encoding="utf-8")
    monkeypatch.setattr("attnprof.cli._doctor.examine", lambda start: [])
    with every_case() as case:
        for line in LINES[command]:
            codes = set()
            for encoding in ("utf-8", "cp1252", "ascii"):  # every format is printed in all
                for path in [tmp_path / "attnprof.toml", tmp_path / "merged"]:
                    remove(path)
                with case(encoding, line):
                    said = encoded(encoding, *line.format(wide=wide).split())
                    codes.add(said.code)
                    assert len(codes) == 1
                    assert said.code in (0, 1, 2)
                    assert said.out or said.err
                    assert "Traceback" not in said.err


def remove(path):
    if path.is_dir():
        for each in path.iterdir():
            each.unlink()
        path.rmdir()
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("encoding", LEGACY)
@pytest.mark.parametrize("name", FORMATS.names())
def test_every_format_is_printed_in_every_encoding(encoding, name, encoded, wide):
    said = encoded(encoding, "table", wide, "--format", name)
    assert said.code == 0
    assert all(line.startswith("columns left out") for line in said.err.splitlines())
    assert "?" not in said.out


@pytest.mark.parametrize("encoding", LEGACY)
def test_a_table_in_an_encoding_without_its_signs_is_the_same_table(encoding, encoded, wide):
    usual = encoded("utf-8", "table", wide).out.translate(ASCII)
    shown = encoded(encoding, "table", wide).out
    assert shown.isascii()
    assert shown.split() == usual.split()
    lines = [line for line in shown.splitlines() if re.match(r" *\d+x\d+ +\d+ +\w", line)]
    assert len({line.index("+-") for line in lines if line.count("+-") == 1}) <= 2


def test_each_sign_has_a_replacement_that_says_it():
    signs = {
        "\u202f": " ",
        "\u00a0": " ",
        "≈": "~",
        "µ": "u",
        "×": "x",
        "±": "+-",
        "≥": ">=",
        "≤": "<=",
        "→": "->",
    }
    assert {sign: sign.translate(ASCII) for sign in signs} == signs
    assert "├─└│█▏".translate(ASCII).isascii()


def test_a_letter_that_the_encoding_has_stays_and_another_is_a_question_mark(encoded):
    assert "'größe'" in encoded("latin-1", "show", "größe").err
    assert "'gr??e'" in encoded("ascii", "show", "größe").err


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=str,
)
def test_a_check_that_holds_is_exit_code_0_in_every_encoding(cold_command, tmp_path, variables):
    (tmp_path / "spec.toml").write_text(SPEC)
    done = cold_command("check", "spec.toml", cwd=tmp_path, env=variables, text=False)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert done.stdout.isascii()


def test_the_help_of_every_command_is_ascii(cli):
    # click prints it, in UTF-8 where the encoding is ASCII.
    assert all(cli(name, "--help").out.isascii() for name in COMMANDS.names())


# One place


def test_nothing_in_the_command_line_prints_past_the_streams():
    sources = {
        path.name: path.read_text(encoding="utf-8") for path in Path(cli_package.__file__).parent.glob("*.py")
    }
    printing = re.compile(r"\bprint\(|click\.s?echo|std(?:out|err)\.write|\.secho\(")
    own = {
        name
        for name, text in sources.items()
        if printing.search(re.sub(r"terminal\.print\(|def print\(", "", text))
    }
    assert own == {"_streams.py"}


def test_what_a_format_of_a_plug_in_writes_cannot_act_either(capsys, monkeypatch):
    def write(document, look):
        return Written(f"\x1b]52;c;eA==\x07\u202e{document.rows[0][0].value}\t\x1b[2J", ("\x9b2J",))

    entry = Format(help="a plug-in's", write=write)
    monkeypatch.setattr(type(FORMATS), "get", lambda self, name: entry)
    terminal = Terminal()
    terminal.print(Document(columns=[TableColumn("n", "n")], rows=[[TableCell("\x1b[1mn")]]), "theirs")
    said = capsys.readouterr()
    assert said.out == r"\x1b]52;c;eA==\x07\u202e\x1b[1mn" + "\t" + r"\x1b[2J" + "\n"
    assert said.err == "\\x9b2J. All of them: --format csv\n"


# Closed and full


def shell(line, cwd, *limits):
    """What ``line`` did in a shell where 'attnprof' is the command, started as a user starts it."""
    whole = "; ".join([*limits, line.replace("attnprof", f"{shlex.quote(sys.executable)} -m attnprof", 1)])
    return subprocess.run(
        ["bash", "-c", whole], cwd=cwd, env=clean_environment(), capture_output=True, text=True, timeout=120
    )


COUNT = "count -m se --points 16@8 -o out"
RUN = "run -m se --points 16@8 --counters none --quality quick --time-budget 1s -o out"
CHEAP = ("list", "show se", "table {wide}", "pick {wide}", COUNT)
TAKES_NOTHING = [(">&-", "standard output is closed", line) for line in ("list", COUNT)]
TAKES_NOTHING += [("> /dev/full", "no space left", line) for line in (*CHEAP, RUN, "--help")]


@pytest.mark.parametrize(("to", "reason", "line"), TAKES_NOTHING)
def test_a_stdout_that_takes_nothing_is_one_line_and_exit_code_4(to, reason, line, tmp_path, wide):
    done = shell(f"attnprof {line.format(wide=wide)} {to}", tmp_path)
    assert done.returncode == 4
    errors = [each for each in done.stderr.splitlines() if each.startswith("error: ")]
    assert len(errors) == 1
    assert reason in errors[0]
    assert not re.search("Traceback|Exception ignored", done.stderr)
    if line not in (COUNT, RUN):  # which say how far they are
        assert done.stderr.splitlines() == errors


@pytest.mark.parametrize("line", ["list", COUNT])
def test_a_closed_stderr_is_exit_code_4_and_one_line_where_there_is_still_room_for_it(line, tmp_path):
    done = shell(f"attnprof {line} 2>&-", tmp_path)
    assert done.returncode == 4
    assert re.fullmatch(r"error: standard error is closed.*2>/dev/null.*\n", done.stdout)
    assert list(tmp_path.iterdir()) == []


def test_both_streams_closed_are_exit_code_4(tmp_path):
    assert shell("attnprof list >&- 2>&-", tmp_path).returncode == 4


@pytest.mark.parametrize("line", ["run --res 0", COUNT])
def test_a_full_stderr_is_exit_code_4(line, tmp_path):
    done = shell(f"attnprof {line} 2> /dev/full", tmp_path)
    assert done.returncode == 4


def test_a_closed_stdin_is_an_empty_one(tmp_path):
    assert shell("attnprof list <&-", tmp_path).returncode == 0
    done = shell("attnprof table - <&-", tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


# Limits of the machine


@pytest.mark.parametrize("line", [*CHEAP, RUN])
def test_few_descriptors_are_enough_or_exit_code_4(line, tmp_path, wide):
    done = shell(f"attnprof {line.format(wide=wide)}", tmp_path, "ulimit -n 8")
    assert done.returncode == (4 if line in (COUNT, RUN) else 0)
    if done.returncode:
        assert done.stderr.splitlines() == ["error: too many open files"]


LITTLE = [(200_000, line) for line in (*CHEAP, RUN)] + [(100_000, "table {wide}"), (260_000, COUNT)]


@pytest.mark.parametrize(("kilobytes", "line"), LITTLE)
def test_little_memory_is_enough_or_one_line_and_exit_code_4(kilobytes, line, tmp_path, wide):
    done = shell(f"attnprof {line.format(wide=wide)}", tmp_path, f"ulimit -v {kilobytes}")
    assert done.returncode in (0, 4)
    if done.returncode:
        assert re.fullmatch(r"error: .*(memory|map segment|Memory).*\n", done.stderr)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_full_disk_at_the_beginning_is_one_line_and_exit_code_4(tmp_path, wide):
    disk = tmp_path / "disk"
    disk.mkdir()
    fill = f"mount -t tmpfs -o size=16k tmpfs {disk} && head -c 16k /dev/zero > {disk}/filled; cd {disk}"
    line = f"unshare -m bash -c '{fill}; exec {sys.executable} -m attnprof {{}}'"
    for command in (
        "count -m se --points 16@8 -o out",
        "init",
        f"table {wide} -o x.csv",
        f"report {wide} -o x.html",
    ):
        done = subprocess.run(
            ["bash", "-c", line.format(command)], env=clean_environment({"TMPDIR": str(disk)}),
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if "unshare" in done.stderr or "mount" in done.stderr:
            pytest.skip(done.stderr)
        assert (done.returncode, done.stdout) == (4, "")
        assert re.fullmatch(r"error: .*\n", done.stderr)
