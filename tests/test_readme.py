"""README's blocks are what the commands print: `python -m tests.test_readme` writes them again."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

from attnprof.catalogue.entry import read

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- printed by: ([^\n]+?) -->\n```text\n)(.*?)(^```$)", re.DOTALL | re.MULTILINE)


def printed(command: str) -> str:
    """What ``command`` prints, in an empty folder with the kept runs and the specs: it may write there.

    Exit code 1 is an answer too, a budget that is broken; with a word on stderr it is a mistake.
    """
    program, *words = shlex.split(command)
    assert program == "attnprof"
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    with TemporaryDirectory() as folder:
        for name in ("reports", "specs"):
            (Path(folder) / name).symlink_to(ROOT / name)
        ran = subprocess.run(
            [sys.executable, "-m", "attnprof", *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
    assert ran.returncode == 0 or (ran.returncode == 1 and not ran.stderr), ran.stderr
    return ran.stdout.strip("\n") + "\n"


def blocks() -> list[tuple[str, str]]:
    return [(found[2], found[3]) for found in BLOCK.finditer(README.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("command", "text"), [pytest.param(*block, id=block[0]) for block in blocks()])
def test_a_block_of_the_readme_is_what_its_command_prints(command, text):
    assert printed(command) == text, "make docs"


def test_the_readme_has_its_blocks_and_its_two_commands():
    text = README.read_text(encoding="utf-8")
    assert len(blocks()) >= 4
    assert "pip install -c constraints.txt . && attnprof run --channels 64,256 --res 56" in text
    assert "pip install -c constraints.txt -e '.[dev]' && pytest" in text


def test_every_link_of_the_readme_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_readmes_module_is_complete(tmp_path):
    code = re.search(r"```python\n(\"\"\"Scales.+?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    file = tmp_path / "mine.py"
    file.write_text(code, encoding="utf-8")
    known = read("mine", file)
    namespace = {}
    exec(compile(code, str(file), "exec"), namespace)
    module = namespace[known.class_name](64)
    assert known.hyperparameters == {"init": 1.0}
    assert sum(p.numel() for p in module.parameters()) == known.params(64, 7, 9) == 64
    x = torch.randn(2, 64, 7, 9)
    assert torch.equal(module(x), x)


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(BLOCK.sub(lambda b: b[1] + printed(b[2]) + b[4], text), encoding="utf-8")
