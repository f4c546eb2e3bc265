"""Pages that show commands with their output: README.md and docs/*.md.

A block is fenced as ``console``; its first line is ``$ attnprof ...``, the rest is the output. A comment
before it, ``<!-- paragraph 2 -->`` or ``<!-- paragraph 2, 7 lines -->``, selects a paragraph of the output,
or its first lines.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(
    r"^(?:<!-- paragraph (?P<paragraph>\d+)(?:, (?P<lines>\d+) lines)? -->\n)?"
    r"```console\n\$ (?P<command>attnprof [^\n]*)\n(?P<output>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One command of a page, and the output that the page shows."""

    page: Path
    command: str
    output: str
    paragraph: int  # 0: the whole output; else this paragraph, from 1
    lines: int  # 0: all of them

    def printed(self, python: str = sys.executable) -> str:
        """What the block has to show: the selected part of what its command prints, run by ``python``."""
        output = run(self.command, python)
        if not self.paragraph:
            return output
        lines = output.split("\n\n")[self.paragraph - 1].splitlines()
        return "\n".join(lines[: self.lines or None]) + "\n"


def block(page: Path, match: re.Match[str]) -> Block:
    return Block(
        page, match["command"], match["output"], int(match["paragraph"] or 0), int(match["lines"] or 0)
    )


def blocks(page: Path) -> list[Block]:
    return [block(page, match) for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def run(command: str, python: str) -> str:
    """The standard output of ``command``, run in an empty folder that has the kept runs and the specs.

    Exit code 1 is a result too, a budget that is broken; with a line on stderr it is a mistake.
    """
    program, *arguments = shlex.split(command)
    assert program == "attnprof"
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    with TemporaryDirectory() as folder:
        for name in ("reports", "specs"):
            (Path(folder) / name).symlink_to(ROOT / name)
        process = subprocess.run(
            [python, "-m", "attnprof", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
    assert process.returncode == 0 or (process.returncode == 1 and not process.stderr), process.stderr
    return process.stdout.strip("\n") + "\n"


def rewrite(page: Path) -> None:
    """Replace every block's output by what its command prints now."""

    def fresh(match: re.Match[str]) -> str:
        start = match.start("output") - match.start()
        return match[0][:start] + block(page, match).printed() + "```"

    text = page.read_text(encoding="utf-8")
    page.write_text(BLOCK.sub(fresh, text), encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives a page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Links of ``page`` to a file or a heading that does not exist; links to other sites are not followed."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    broken = []
    for link in LINK.findall(text):
        target, _, anchor = link.partition("#")
        if target.startswith(("https://", "http://")):
            continue
        file = page.parent / target if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(link)
    return broken
