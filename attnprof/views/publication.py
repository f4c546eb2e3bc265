"""A document as its author publishes it: units, a caption, a label, with its notes or without."""

from dataclasses import dataclass, replace

from attnprof.views.document import Document

NOTE = "note"  # the column with the numbers of the footnotes


@dataclass(frozen=True)
class Publication:
    """What an author wants of a table. Each part alone changes nothing else, and never records or data."""

    units: tuple[str, ...] = ()  # that figures may be in
    caption: str = ""
    label: str = ""  # by which LaTeX refers to it
    with_notes: bool = True


def published(document: Document, wish: Publication) -> Document:
    """``document`` as ``wish`` has it, its parts included."""
    if wish == Publication():
        return document
    table = document if wish.with_notes else _without_notes(document, bool(wish.caption))
    screen = table.screen
    return replace(
        table,
        columns=[replace(column, units=wish.units) for column in table.columns],
        caption=wish.caption,
        label=wish.label,
        parts=[_part(part, number, wish) for number, part in enumerate(table.parts, 2)],
        screen=None if screen is None else lambda: published(screen(), wish),
    )


def _part(part: Document, number: int, wish: Publication) -> Document:
    """A further table: the caption is that of the first, and a label is of one table."""
    return published(part, replace(wish, caption="", label=wish.label and f"{wish.label}-{number}"))


def _without_notes(document: Document, has_caption: bool) -> Document:
    """The table without footnotes, what refers to them, and the lines below.

    With a caption of its own it is without the lines above, too.
    """
    places = [n for n, column in enumerate(document.columns) if column.name != NOTE]
    return replace(
        document,
        columns=[document.columns[n] for n in places],
        rows=[[row[n] for n in places] for row in document.rows],
        above=() if has_caption else document.above,
        footnotes=(),
        below=(),
        findings=tuple,
    )
