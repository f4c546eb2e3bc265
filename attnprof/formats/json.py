"""JSON: conditions, rows and notes for programs.

Numbers unrounded, a missing value null with its reason in notes; every text exact, escaped where it would act
on a terminal.
"""

import json
import re

from attnprof.formats import Document, Format, Look, Written
from attnprof.records.characters import ACTING

_ACTING = re.compile(rf"(?!\n)[{ACTING}]")  # the line breaks are between the values


def write(document: Document, look: Look) -> Written:
    """The document's data as one object; without any the rows of its table."""
    data = {"schema": 1, "rows": document.table_records()} if document.data is None else document.data()
    text = json.dumps(data, indent=1, ensure_ascii=look.plain, allow_nan=False)
    return Written(_ACTING.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


FORMAT = Format(help="conditions, rows and notes, for programs", write=write, endings=(".json",))
