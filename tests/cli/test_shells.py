"""Each shell that is installed completes attnprof's words, asked as a user asks: by the Tab key."""

import os
import select
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from tests.conftest import clean_environment

pty = pytest.importorskip("pty")  # no terminals of this kind elsewhere
SHELLS = {
    "bash": (["bash", "--norc", "-i"], "source <(attnprof completion bash)"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "autoload -U compinit; compinit -u -D; source <(attnprof completion zsh)",
    ),
    "fish": (["fish", "--no-config", "-i"], "attnprof completion fish | source"),
}
SECONDS = 60.0  # a shell has for an answer


@pytest.fixture
def typed(tmp_path):
    """Type lines into a shell, and wait until its screen has shown an answer."""
    program = tmp_path / "bin" / "attnprof"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m attnprof "$@"\n')
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    tree = str(Path(__file__).parents[2])
    environment = clean_environment({"PATH": path, "PYTHONPATH": tree, "TERM": "dumb", "HOME": str(tmp_path)})
    parent, child = pty.openpty()
    shells = []

    def wait_for(answer):
        screen, end = "", monotonic() + SECONDS
        while answer not in screen and monotonic() < end:
            if select.select([parent], [], [], 0.1)[0]:
                screen += os.read(parent, 2**16).decode(errors="replace")
        return screen

    def ask(command, prepare, line, answer):
        shells.append(
            subprocess.Popen(
                ["setsid", "--ctty", *command],  # fish wants the terminal for itself
                stdin=child, stdout=child, stderr=child, env=environment, cwd=tmp_path,
            )
        )  # fmt: skip
        os.write(parent, f"{prepare}; echo read''y\n".encode())
        assert "ready" in wait_for("ready")
        os.write(parent, f"{line}\t".encode())
        return wait_for(answer)

    yield ask
    for shell in shells:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
    os.close(parent)
    os.close(child)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "answer"), [("attnprof comp", "attnprof completion"), ("attnprof run -m se,cba", "se,cbam")]
)
@pytest.mark.parametrize("shell", SHELLS)
def test_the_tab_key_completes_commands_and_modules(typed, shell, line, answer):
    for program in (shell, "setsid"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    assert answer in typed(*SHELLS[shell], line, answer)
