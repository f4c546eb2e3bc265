"""README.md is short and shows what the commands print: `python -m tests.test_readme` writes it again."""

import csv
import re
import sys

import pytest

from tests.pages import README, blocks, broken_links, rewrite

TEXT = README.read_text(encoding="utf-8")
PICTURED = max((README.parent / "reports").glob("*-catalogue-cpu"))  # what `make docs-images` draws
CAPTION = re.compile(r"(?<=!\[Latency against MACs of )\d+(?= modules)")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("block", [pytest.param(block, id=block.command) for block in blocks(README)])
def test_a_block_of_the_readme_is_what_its_command_prints(block, interpreter):
    assert block.printed(interpreter) == block.output, "make docs-blocks"


def pictured_modules():
    """How many modules the picture has: those that its run measured."""
    with (PICTURED / "results.csv").open(newline="", encoding="utf-8") as rows:
        return len({row["module"] for row in csv.DictReader(rows) if row["latency_s"]})


def test_the_caption_of_the_picture_says_how_many_modules_it_has():
    assert CAPTION.findall(TEXT) == [str(pictured_modules())], "make docs-images docs-blocks"


def test_the_readme_is_short():
    assert len(TEXT.encode()) <= 12_000
    assert len(TEXT.splitlines()) <= 160
    assert all(len(block.output.splitlines()) <= 8 for block in blocks(README))


def test_the_readme_answers_seven_questions_and_has_its_two_commands():
    assert len(blocks(README)) == 7
    assert "pip install -c constraints.txt . && attnprof run --channels 64,256 --res 56" in TEXT
    assert "pip install -c constraints.txt -e '.[dev]' && pytest" in TEXT


def test_every_link_of_the_readme_leads_to_a_file_or_a_heading():
    assert broken_links(README) == []


def test_the_readmes_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    script = next(code for code in PYTHON if "import attnprof" in code)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    exec(compile(script, "script.py", "exec"), {"__name__": "__main__"})
    assert "cbam" in capsys.readouterr().out


def test_the_readmes_own_module_is_counted(tmp_path, command):
    code = next(code for code in PYTHON if "def gate" in code)
    (tmp_path / "my.py").write_text(code, encoding="utf-8")
    arguments = ["-m", "my.py:gate", "--points", "16@8", "--counters", "none", "--format", "csv"]
    result = command("count", *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert f",{16 * 16 * 64}," in result.stdout


if __name__ == "__main__":
    README.write_text(CAPTION.sub(str(pictured_modules()), TEXT), encoding="utf-8")
    sys.exit(rewrite(README))
