"""JSON: conditions, rows and notes for programs.

Numbers unrounded, a missing value null with its reason in notes.
"""

import json

from attnprof.formats import Document, Format, Look, Written


def write(document: Document, look: Look) -> Written:
    """The document's data as one object; without any the rows of its table."""
    data = {"schema": 1, "rows": document.table_records()} if document.data is None else document.data()
    return Written(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False))


FORMAT = Format(help="conditions, rows and notes, for programs", write=write)
