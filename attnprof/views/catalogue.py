"""The catalogue as text: the list, and one module's page.

Nothing here imports torch: closed forms give the counts.
"""

import shlex
from collections.abc import Sequence
from functools import reduce
from math import gcd
from textwrap import fill
from typing import Any

from attnprof.catalogue.entry import NOTHING, PLACES, Entry
from attnprof.catalogue.user_location import as_pattern
from attnprof.catalogue.values import show_value
from attnprof.grid import Point
from attnprof.records.characters import printable
from attnprof.units import show_count
from attnprof.views.document import Document, TableCell, TableColumn

COLUMNS = (
    TableColumn("module", "module", right=False),
    TableColumn("name", "what it is", keep=60, right=False),
    TableColumn("family", "family", keep=70, right=False),
    TableColumn("place", "place", keep=50, right=False),
    TableColumn("year", "year", keep=40),
    TableColumn("variants", "variants", keep=30),
    TableColumn("takes", "takes", keep=20, right=False),
)
WAYS = ("torch.compile", "torch.export and ONNX")


def listing(entries: Sequence[Entry]) -> Document:
    """One row per module, and how many there are."""
    variants = sum(1 + len(e.variants) for e in entries)
    total = f"{len(entries)} modules, {variants} variants. One of them: attnprof show NAME"
    compiling = [e.key for e in entries if e.compiles is not True]
    exporting = [e.key for e in entries if e.exports is not True]
    notes = [_exceptions(way, keys) for way, keys in zip(WAYS, (compiling, exporting), strict=True)]
    return Document(
        columns=COLUMNS, rows=[_row(e) for e in entries], below=[total, *notes], data=lambda: _data(entries)
    )


def _exceptions(way: str, modules: Sequence[str]) -> str:
    return f"All work with {way}" + (f" but {', '.join(modules)}." if modules else ".")


def _row(entry: Entry) -> list[TableCell]:
    year = entry.paper.year if entry.paper else None
    values = (entry.key, entry.name, entry.family, entry.place, year, 1 + len(entry.variants), _takes(entry))
    return [TableCell(value or None) for value in values]


def _data(entries: Sequence[Entry]) -> dict[str, Any]:
    names = [column.name for column in COLUMNS]
    rows = [[cell.value for cell in _row(entry)] for entry in entries]
    return {"schema": 1, "modules": [dict(zip(names, row, strict=True)) for row in rows]}


def _takes(entry: Entry) -> str:
    """The sizes that the default takes, as multiples and minima: ``C % 32, H, W % 7``.

    Empty where it takes any.
    """
    limited = entry.limited_sizes()
    rules = []
    if "C" in limited:
        points = [(channels, 56, 56) for channels in range(1, 257)]
        rules.append(_rule("C", [channels for channels, _, _ in entry.fitting("C", points)], 257))
    if limited & {"H", "W"}:
        points = [(512 * 7, side, side) for side in range(1, 65)]
        rules.append(_rule("H, W", [side for _, side, _ in entry.fitting("HW", points)], 65))
    return ", ".join(filter(None, rules))


def _rule(what: str, fitting: Sequence[int], stop: int) -> str:
    """How the sizes ``fitting`` lie among those from 1 up to ``stop``: a multiple and a minimum."""
    if not fitting:
        return f"{what}: see show"
    step, least = reduce(gcd, fitting), fitting[0]
    if list(fitting) != list(range(least, stop, step)):
        return f"{what}: see show"
    return ", ".join([f"{what} % {step}"] * (step > 1) + [f"{what} >= {least}"] * (least > step))


def page(entry: Entry, point: Point, width: int = 100) -> str:
    """Everything that the module's file says, with its variants counted at ``point`` (C, H, W)."""
    channels, height, map_width = point
    head = [f"{entry.key} - {entry.name}", *_description(entry, width)]
    arguments = _section("Arguments", entry.arguments_in_words())
    if not entry.params_formula:
        counts = (
            f"It states no closed forms. Its counts: attnprof count -m {shlex.quote(as_pattern(entry.key))}"
        )
        return "\n\n".join([*head, *arguments, *_roots(entry), counts])
    sections = [
        *head,
        f"Family {entry.family}; goes {PLACES[entry.place]}.",
        *arguments,
        *_section("Closed forms", _closed_forms(entry)),
        *_section("Limits", list(entry.rules())),
        *_section(f"Variants at {channels} channels, {height}x{map_width}, batch 1", _variants(entry, point)),
        *_section("How copies and the paper differ", _bullets(entry.deviations, width)),
        *_section("Works with", _works_with(entry)),
        *_section("Use", _use(entry, point)),
    ]
    return "\n\n".join(sections)


def _description(entry: Entry, width: int) -> list[str]:
    """The paragraphs of the module's file, and where its paper is."""
    summary, *rest = entry.doc.split("\n\n")
    paragraphs = [fill(summary.replace("\n", " "), width), *map(_indented, rest)]
    if entry.paper and entry.paper.url:
        paragraphs[-1] += f"\n  Paper: {entry.paper.url}"
    return paragraphs


def _indented(paragraph: str) -> str:
    """By two columns; what is indented already keeps its own shape."""
    return "\n".join(f"  {line.strip()}" if line[:1] != " " else line[2:] for line in paragraph.splitlines())


def _closed_forms(entry: Entry) -> list[str]:
    return [
        f"params = {entry.params_formula}",
        f"MACs   = {entry.macs_formula}   per image, N = H*W",
        *(f"{name} = {text}" for name, text in entry.where.items()),
    ]


def _works_with(entry: Entry) -> list[str]:
    answers = {"torch.compile": entry.compiles, "torch.export, ONNX": entry.exports}
    return [f"{way}: {'yes' if answer is True else answer}" for way, answer in answers.items()]


def _use(entry: Entry, point: Point) -> list[str]:
    channels, height, width = point
    size = f", height={height}, width={width}" if entry.needs_size() else ""
    return ["import attnprof", f'gate = attnprof.create("{entry.key}", {channels}{size})']


def _roots(entry: Entry) -> list[str]:
    """What a user's file imports from folders above it."""
    return [f"Its file imports {', '.join(map(printable, entry.roots))}."] if entry.roots else []


def _variants(entry: Entry, point: Point) -> list[str]:
    rows = [["", "params", "MACs", ""]]
    for name, overrides in {"": NOTHING, **entry.variants}.items():
        settings = ", ".join(f"{key}={show_value(value)}" for key, value in overrides.items()) or "default"
        refusal = entry.refusal(*point, overrides)
        title = f"{entry.key}({name})" if name else entry.key
        if refusal:
            rows.append([title, "", "", f"{settings}: {refusal}"])
            continue
        counts = [
            show_count(entry.params(*point, overrides)),
            show_count(entry.macs(*point, overrides)),
        ]
        rows.append([title, *counts, settings])
    return _aligned(rows, right={1, 2})


def _bullets(texts: Sequence[str], width: int) -> list[str]:
    return [
        line
        for text in texts
        for line in fill(text, width - 4, initial_indent="- ", subsequent_indent="  ").split("\n")
    ]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    """A section as an element of the page; none without lines."""
    return ["\n".join([title, *(f"  {line}" for line in lines)])] if lines else []


def _aligned(rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [text.rjust(widths[n]) if n in right else text.ljust(widths[n]) for n, text in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    return lines
