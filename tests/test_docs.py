"""The generated pages of docs/: `python -m tests.test_docs` writes them again."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMPLEXITY, PUBLISHED = ROOT / "docs" / "complexity.md", ROOT / "docs" / "published.md"
SOME = "se,eca,ca,swin"  # all 80 modules take half a minute


def printed(*words: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-m", "attnprof", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip("\n").splitlines()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@pytest.mark.slow
def test_the_page_of_closed_forms_has_what_the_command_prints():
    page = [cells(line) for line in COMPLEXITY.read_text(encoding="utf-8").splitlines()]
    rows = [
        cells(line) for line in printed("list", SOME, "--formula", "--format", "md") if line.startswith("|")
    ]
    assert len(rows) > 4
    assert all(row in page for row in rows if set("".join(row)) - set("-:"))


def test_the_page_of_published_figures_is_what_the_command_prints():
    page = PUBLISHED.read_text(encoding="utf-8").splitlines()
    shown = printed("diff", "reports/20261129-published-meta", "published:all", "--format", "md")
    assert page[-len(shown) :] == shown


def head(page: Path) -> str:
    """What stands before the first table or heading that a command prints."""
    return re.split(r"\n\n(?=### |[|])", page.read_text(encoding="utf-8"), maxsplit=1)[0]


if __name__ == "__main__":
    for page, words in (
        (COMPLEXITY, ("list", "--formula", "--format", "md")),
        (PUBLISHED, ("diff", "reports/20261129-published-meta", "published:all", "--format", "md")),
    ):
        page.write_text(head(page) + "\n\n" + "\n".join(printed(*words)) + "\n", encoding="utf-8")
