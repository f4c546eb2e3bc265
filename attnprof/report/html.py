"""The page as one file, whose security policy allows its own script and style and nothing else."""

import gzip
import json
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from attnprof.records.characters import printable
from attnprof.report.data import contents
from attnprof.results import Results
from attnprof.views.run import top

STYLES = ("base.css", "controls.css", "table.css", "charts.css", "sheet.css")
SCRIPTS = (
    "dom.js",
    "units.js",
    "run.js",
    "store.js",
    "choose.js",
    "axis.js",
    "marks.js",
    "controls.js",
    "summary.js",
    "scatter.js",
    "budget.js",
    "table.js",
    "scaling.js",
    "ranks.js",
    "sheet.js",
    "conditions.js",
    "main.js",
)


LARGEST = 2_000_000  # bytes of a page: a browser opens it at once, and a mail takes it
MOST_ROWS = 40_000  # on a page; of counts alone so many fit


def page_that_fits(results: Results, name: str) -> tuple[str, int]:
    """The page of the run ``name`` within LARGEST bytes, and how many rows it has: the first of the table,
    where it cannot have all."""
    rows = min(len(results.frame), MOST_ROWS)
    while True:
        html = page(results, name, rows)
        size = len(html.encode())
        if size <= LARGEST or rows < 2:
            return html, rows
        rows = int(0.9 * rows * LARGEST / size)


def page(results: Results, name: str, rows: int | None = None) -> str:
    """The page of the run ``name`` as HTML: less than 300 kB for the whole catalogue at six points.

    rows: so many alone, the first of the table.
    """
    total = len(results.frame)
    is_whole = rows is None or rows >= total
    data = contents(results if is_whole else top(results, rows or 0), name, total)
    style, script = _joined(STYLES), _joined(SCRIPTS)
    policy = f"script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:"
    return Template(_asset("page.html")).substitute(
        policy=f"default-src 'none'; {policy}; base-uri 'none'; form-action 'none'",
        name=escape(printable(name)),
        conditions=escape(printable(data["caption"][0])),
        style=style,
        script=script,
        data=_packed(data),
    )


def _packed(data: object) -> str:
    """Compressed, in Base64: no text of a user's can end the element that holds it.

    The same run gives the same bytes.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Half a character of UTF-16 becomes the escape that JSON has for it.
    return b64encode(gzip.compress(text.encode(errors="backslashreplace"), mtime=0)).decode()


@cache
def _asset(name: str) -> str:
    return (files("attnprof.report") / "assets" / name).read_text(encoding="utf-8")


def _joined(names: Iterable[str]) -> str:
    """The files one after another.

    A browser digests the text between the tags, the line breaks at its ends included.
    """
    return "\n" + "\n".join(_lean(_asset(name)) for name in names)


def _lean(text: str) -> str:
    """``text`` without indentation, empty lines and lines of comment: a tenth of a page's script."""
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith(("//", "/*")))


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
