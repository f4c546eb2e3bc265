"""The pages of docs/ show what the commands print: `python -m tests.test_docs` writes them again."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from attnprof.catalogue.entry import read
from attnprof.catalogue.roles import TABLE, in_symbols
from attnprof.cli import COMMANDS
from tests.pages import DOCS, PAGES, ROOT, blocks, broken_links, rewrite

DESIGN = (ROOT / "DESIGN.md").read_text(encoding="utf-8")
COMPLEXITY, PUBLISHED, NETWORKS = DOCS / "complexity.md", DOCS / "published.md", DOCS / "networks.md"
CLI = DOCS / "cli.md"
SOME = "se,eca,ca,swin"  # all 80 modules take half a minute
BLOCKS = [pytest.param(block, id=f"{page.name}: {block.command}") for page in PAGES for block in blocks(page)]


def printed(*words: str, python: str = sys.executable) -> list[str]:
    process = subprocess.run(
        [python, "-m", "attnprof", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return process.stdout.strip("\n").splitlines()


def table_of_names() -> str:
    """What the arguments of a user's class get, as Markdown."""
    lines = ["| as | gets | arguments of these names |", "|---|---|---|"]
    for role, names in TABLE.items():
        listed = ", ".join(f"`{name}`" for name in names)
        lines.append(f"| {role.name.lower().replace('_', ' ')} | `{in_symbols(role)}` | {listed} |")
    return "\n".join(lines) + "\n"


def with_table_of_names(page: str) -> str:
    """``page`` with the table as it is now."""
    return re.sub(r"[|] as [|] gets [|].*?\n(?=\n)", lambda _: table_of_names(), page, flags=re.DOTALL)


def line_of_variables() -> str:
    """The environment variables that options read, as a line of the table in docs/cli.md; of the budget it has
    one of its own."""
    options = (option for name in COMMANDS.names() for option in COMMANDS.get(name).params)
    names = sorted({option.envvar for option in options if option.envvar} - {"ATTNPROF_BUDGET"})
    return f"| {', '.join(f'`{name}`' for name in names)} | the setting of that name |"


def with_variables(page: str) -> str:
    """``page`` with the line as it is now."""
    return re.sub(r"(?<=[|] variable [|] sets [|]\n[|]---[|]---[|]\n).*", lambda _: line_of_variables(), page)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_a_page_is_what_its_command_prints(block, interpreter):
    assert block.printed(interpreter) == block.output, "make docs-blocks"


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in [*PAGES, *ROOT.glob("*.md")]])
def test_every_link_leads_to_a_file_or_a_heading(page):
    assert broken_links(page) == []


def test_every_page_is_in_the_index():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert {page.name for page in PAGES} - {"index.md"} == set(re.findall(r"\]\(([\w-]+[.]md)\)", index))


def test_the_variables_of_all_settings_are_listed():
    page = CLI.read_text(encoding="utf-8")
    assert line_of_variables() in page
    assert with_variables(page) == page, "make docs-blocks"


@pytest.mark.slow
def test_the_page_of_closed_forms_has_what_the_command_prints(interpreter):
    page = [cells(line) for line in COMPLEXITY.read_text(encoding="utf-8").splitlines()]
    lines = printed("list", SOME, "--formula", "--format", "md", python=interpreter)
    rows = [cells(line) for line in lines if line.startswith("|")]
    assert len(rows) > 4
    assert all(row in page for row in rows if set("".join(row)) - set("-:"))


def test_the_page_of_published_figures_is_what_the_commands_print(interpreter):
    page = PUBLISHED.read_text(encoding="utf-8")
    assert page.removeprefix(head(PUBLISHED)).strip() == published(python=interpreter)


def test_the_table_of_what_a_signature_gets_is_that_of_the_code():
    page = NETWORKS.read_text(encoding="utf-8")
    assert table_of_names() in page
    assert with_table_of_names(page) == page, "make docs-blocks"


def test_the_module_of_the_page_on_adding_is_complete(tmp_path):
    page = (DOCS / "adding.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(\"\"\"Scales.+?)```", page, re.DOTALL)[1]
    file = tmp_path / "mine.py"
    file.write_text(code, encoding="utf-8")
    entry = read("mine", file)
    namespace = {}
    exec(compile(code, str(file), "exec"), namespace)
    module = namespace[entry.class_name](64)
    assert entry.hyperparameters == {"init": 1.0}
    assert sum(p.numel() for p in module.parameters()) == entry.params(64, 7, 9) == 64
    x = torch.randn(2, 64, 7, 9)
    assert torch.equal(module(x), x)


def test_the_design_has_the_floors_of_the_import_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    floors = contracts["contracts"][0]["layers"]
    assert "\n".join(["```text", *floors, "```"]) in DESIGN


def test_the_design_names_every_folder_and_loose_file_of_the_package():
    tree = DESIGN.partition("## 2. Tree")[2].partition("## 3.")[0]
    package = ROOT / "attnprof"
    folders = {f"{file.parent.name}/" for file in package.glob("*/__init__.py")}
    files = {file.name for file in package.glob("*.py")}
    assert {name for name in folders | files if name not in tree.split()} == set()


def published(**options: str) -> str:
    """What `diff` prints of the kept runs against published tables: with modules, then networks alone."""
    runs = ("20261130-published-meta", "20261130-published-networks-meta")
    modules, networks = (
        "\n".join(printed("diff", f"reports/{run}", "published:all", "--format", "md", **options))
        for run in runs
    )
    return f"{modules}\n\n## Networks as they are\n\n{networks}"


def head(page: Path) -> str:
    """The text before the first table or heading that a command prints."""
    return re.split(r"\n\n(?=### |[|])", page.read_text(encoding="utf-8"), maxsplit=1)[0]


if __name__ == "__main__":
    CLI.write_text(with_variables(CLI.read_text(encoding="utf-8")), encoding="utf-8")
    NETWORKS.write_text(with_table_of_names(NETWORKS.read_text(encoding="utf-8")), encoding="utf-8")
    for page in PAGES:
        rewrite(page)
    tables = {COMPLEXITY: "\n".join(printed("list", "--formula", "--format", "md")), PUBLISHED: published()}
    for page, text in tables.items():
        page.write_text(f"{head(page)}\n\n{text}\n", encoding="utf-8")
