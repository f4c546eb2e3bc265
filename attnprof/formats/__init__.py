"""Report formats: one per file, each exporting FORMAT. A format writes any document."""

from collections.abc import Callable
from dataclasses import dataclass

from attnprof.registry import Registry
from attnprof.views.document import Document, Look, Written

FORMATS = Registry("attnprof.formats", "FORMAT", "format")

__all__ = ["FORMATS", "Document", "Format", "Look", "Written"]


@dataclass(frozen=True)
class Format:
    """One way to write a document."""

    help: str  # one line, without a full stop
    write: Callable[[Document, Look], Written]
    endings: tuple[str, ...] = ()  # of files in it: '.md', '.markdown'
