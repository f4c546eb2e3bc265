"""The site: the pages of this folder, and pages generated from the code. `make docs` builds it."""

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from pygments.lexer import RegexLexer
from pygments.token import Generic
from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import _generate  # noqa: E402  # it stands in this folder, which is not a package

project = "attnprof"
author = "The attnprof developers"
release = version_of("attnprof")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
nitpicky = True
smartquotes = False  # an option keeps its two hyphens
nitpick_ignore_regex = [("py:.*", ".*")]  # types in signatures: torch's, pandas', and ours without a page
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
html_theme = "pydata_sphinx_theme"
html_title = f"attnprof {release}"
html_theme_options = {
    "navbar_center": [],
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_sidebars = {"**": ["globaltoc.html"]}
html_show_sourcelink = False
man_pages = [("reference/commands", "attnprof", "profile attention modules", [author], 1)]


class Transcript(RegexLexer):
    """A command behind ``$``, then its output, whose lines may begin with %, another shell's prompt."""

    name = "console"
    tokens = {"root": [(r"^\$ .*\n", Generic.Prompt), (r".*\n", Generic.Output)]}


def tables_of_contents(index: str) -> str:
    """A hidden toctree for every section of the index that lists pages."""
    trees = []
    for section in index.split("\n## ")[1:]:
        caption, _, body = section.partition("\n")
        pages = re.findall(r"\]\(([\w/-]+)[.]md\)", body)
        trees.append((caption, pages))
    trees.append(("Reference", _generate.INDEX))
    blocks = ["\n".join(["```{toctree}", ":hidden:", f":caption: {c}", "", *p, "```"]) for c, p in trees if p]
    return "\n\n".join(blocks)


def adapt(_: Sphinx, page: str, source: list[str]) -> None:
    """Adapt a page to the site while it is read: the file itself is plain Markdown, for GitHub."""
    source[0] = _generate.on_the_site(source[0])
    if page == "index":
        source[0] += "\n" + tables_of_contents(source[0])


def setup(app: Sphinx) -> None:
    """Write the generated pages, then let Sphinx look for sources."""
    _generate.write(HERE / "reference")
    app.add_lexer("console", Transcript)
    app.connect("source-read", adapt)
