"""A user's file is imported by a child process: whatever it does there is one line here."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from attnprof.catalogue import create, entry, importer, user_module
from attnprof.catalogue.fresh_python import PACKAGE
from attnprof.cli._main import main
from attnprof.errors import UsageError
from attnprof.spec import Spec
from tests.conftest import clean_environment
from tests.every_case import every_case

GATE = "\n\ndef Gate(channels, *, ratio=4): ...\n"
COUNTS_IMPORTS = "with open('imports', 'a') as file:\n    file.write('x')\n"
# What a file does when it is imported -> how its line goes on.
STRANGERS = {
    "import sys; sys.exit(0)": "cannot import {file}: it calls sys.exit(0); put that below if __name__ ==",
    "import os; os._exit(0)": "importing {file} ends Python with exit code 0; see how: python {file}",
    "import os; os._exit(70)": "importing {file} ends Python with exit code 70",
    "import os; os.kill(os.getpid(), 11)": "importing {file} ends Python by SIGSEGV",
    "import os; os.kill(os.getpid(), 40)": "importing {file} ends Python by signal 40",
    "raise KeyboardInterrupt": "cannot import {file}: KeyboardInterrupt",
    "raise ValueError('no\\nsuch thing')": "cannot import {file}: ValueError: no",
    "raise ValueError('\\ud800\\x1b[31m')": "cannot import {file}: ValueError: ",
    "raise ValueError": "cannot import {file}: ValueError",
    "input()": "cannot import {file}: EOFError: EOF when reading a line",
    "import os; os.closerange(0, 4096)": "importing {file} closes files that it has not opened",
    "import os; os._exit(0) if os.fork() else None": "importing {file} ends Python with exit code 0",
    "def": "cannot import {file}: SyntaxError: invalid syntax",
}
HARMLESS = {
    "prints": "print('x' * 100_000)\nimport sys; sys.stderr.write('y' * 100_000)",
    "closes stdout": "import sys; sys.stdout.close()\nimport os; os.close(1)",
    "closes what it has inherited": "import os; os.closerange(3, 256)",
    "writes to descriptors": (
        "import os\nfor number in range(3, 30):\n    try:\n        os.write(number, b'{\"name\": 3}\\n[]\\n')\n"
        "    except OSError:\n        pass"
    ),
    "forks": "import os\nif os.fork() == 0:\n    pass",
    "starts a session that stays": (
        "import os, signal\nif os.fork() == 0:\n    os.setsid()\n    open('pid', 'w').write(str(os.getpid()))\n"
        "    signal.pause()"
    ),
    "threads": "import threading; threading.Thread(target=threading.Event().wait).start()",
    "changes the folder": "import os; os.chdir('/')",
}


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """Writes a file whose import does ``what``; its name as a module."""
    monkeypatch.chdir(tmp_path)

    def write(what: str, name: str = "stranger.py") -> str:
        Path(name).write_text(what + GATE, encoding="utf-8")
        return f"{name}:Gate"

    return write


def test_each_way_to_end_python_is_one_line_that_says_what_and_where(stranger):
    with every_case() as case:
        for number, (what, says) in enumerate(STRANGERS.items()):
            with case(what):
                file = f"stranger{number}.py"
                name = stranger(what, file)
                with pytest.raises(UsageError) as caught:
                    entry(name)
                assert str(caught.value).startswith(f"{name}: {says.format(file=file)}")
                assert str(caught.value).isprintable() or "\x1b" in str(caught.value)
                assert "\n" not in str(caught.value)


def test_what_does_not_end_python_changes_nothing(stranger, capfd):
    with every_case() as case:
        for number, (title, what) in enumerate(HARMLESS.items()):
            with case(title):
                assert entry(stranger(what, f"harmless{number}.py")).hyperparameters == {"ratio": 4}
    assert capfd.readouterr() == ("", "")
    os.kill(int(Path("pid").read_text()), 9)


def test_one_that_never_ends_is_stopped(stranger, monkeypatch):
    monkeypatch.setattr(importer, "SECONDS", 1.0)
    name = stranger("while True: pass")
    with pytest.raises(UsageError, match=r"importing stranger\.py takes more than 1 s; see how: python"):
        entry(name)


def test_one_that_never_ends_ends_where_its_parent_was_killed(stranger):
    names = json.dumps([stranger("while True: pass")])
    done = subprocess.run((*importer.COMMAND, "0.5"), input=names, text=True, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGALRM, "")


def test_this_process_imports_nothing(stranger):
    name = stranger("import this")
    assert entry(name).hyperparameters == {"ratio": 4}
    assert "this" not in sys.modules


def test_all_modules_of_a_spec_are_imported_by_one_child(stranger, monkeypatch):
    children = []
    start = subprocess.Popen

    def counting(*arguments, **options):
        children.append(arguments)
        return start(*arguments, **options)

    names = [stranger(COUNTS_IMPORTS, name) for name in ("one.py", "two.py")]
    monkeypatch.setattr(subprocess, "Popen", counting)
    Spec(modules=f"se,{names[0]}(ratio=2),!{names[1]}", baseline=names[0], points="64@7")
    assert len(children) == 1
    assert Path("imports").read_text() == "xx"


def test_one_that_ends_its_child_is_named_and_the_others_are_described(stranger):
    good, bad, last = (
        stranger("", "good.py"),
        stranger("import os; os._exit(3)", "bad.py"),
        stranger("", "last.py"),
    )
    answers = importer.answers_about([good, bad, last])
    assert [type(answers[name]).__name__ for name in (good, bad, last)] == [
        "Description",
        "CannotImportError",
        "Description",
    ]


def test_a_file_that_was_mended_is_imported_again(stranger):
    name = stranger("raise ValueError('broken')")
    with pytest.raises(UsageError, match="broken"):
        entry(name)
    stranger("", "stranger.py")
    assert entry(name).hyperparameters == {"ratio": 4}


def test_whoever_builds_a_module_has_it_described_in_the_same_process(stranger, monkeypatch):
    name = stranger(
        "from torch import nn\n\n\ndef Mine(channels, *, ratio=5): return nn.Identity()", "built.py"
    )
    monkeypatch.setattr(subprocess, "Popen", None)
    mine = name.replace("Gate", "Mine")
    create(mine, 8, ratio=3)
    assert entry(mine).hyperparameters == {"ratio": 5}


@pytest.mark.parametrize(
    "line",
    [
        {"doc": 1, "source": "", "arguments": []},
        {"doc": "", "source": "", "arguments": [{"name": "x"}]},
        {"doc": "", "source": None, "arguments": None},
        {"doc": "", "source": "", "arguments": 3},
        "a text",
        None,
    ],
)
def test_an_answer_of_another_shape_is_no_answer(line):
    answers = importer._answers_in(json.dumps({"name": "a", "description": line}).encode(), ["a"])
    assert dict(answers) == {}


def test_a_command_that_meets_such_a_file_ends_with_2_and_measures_nothing(stranger, capfd):
    name = stranger("import sys; sys.exit(0)")
    for command in (["run", "-m", name], ["count", "-m", name], ["show", name]):
        assert main(command) == 2
        out, err = capfd.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert "it calls sys.exit(0)" in err
    assert not Path("reports").exists()


def test_the_working_directory_does_not_stand_in_for_pythons_own_modules(stranger):
    stranger("raise SystemExit('shadow')", "statistics.py")
    stranger("raise SystemExit('shadow')", "json.py")
    assert entry(stranger("import statistics, json")).hyperparameters == {"ratio": 4}


def test_a_package_of_the_working_directory_is_found(stranger):
    Path("mine_pkg").mkdir()
    Path("mine_pkg/__init__.py").touch()
    Path("mine_pkg/attn.py").write_text(GATE)
    assert entry("mine_pkg.attn:Gate").hyperparameters == {"ratio": 4}


def test_the_child_is_of_this_attnprof_wherever_that_lies(stranger, tmp_path):
    name = stranger("")
    program = f"from attnprof.catalogue import entry; print(dict(entry({name!r}).hyperparameters))"
    environment = {**clean_environment(), "PYTHONPATH": ""}
    root = str(PACKAGE.parent)
    path = f"import sys; sys.path.insert(0, {root!r}); "
    done = subprocess.run(
        [sys.executable, "-c", path + program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "{'ratio': 4}", done.stderr


def test_a_child_that_cannot_be_started_is_a_problem_of_the_machine(stranger, monkeypatch):
    def refuse(*_, **__):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(
        Exception, match="cannot start Python to import stranger.py:Gate: Too many open files"
    ) as caught:
        user_module.description_of(stranger(""))
    assert getattr(caught.value, "exit_code", 0) == 4
