"""CSV: every column in base units, exact digits, a missing value empty."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from attnprof.formats import Document, Format, Look, Written
from attnprof.records.characters import csv_cell


def write(document: Document, look: Look) -> Written:
    """The document's records; what a spreadsheet would run is quoted, what a terminal would is spelled."""
    records = document.table_records() if document.records is None else document.records()
    # Without records the header alone is left.
    header = list(records[0]) if records else list(document.header)
    return Written(csv_text(header, records, look.plain))


def csv_text(header: Sequence[str], records: Sequence[Mapping[str, Any]], ascii_only: bool = False) -> str:
    """``records`` as CSV, without a line break at its end."""
    out = StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([_cell(name, ascii_only) for name in header])
    for record in records:
        table.writerow([_cell(record.get(name), ascii_only) for name in header])
    return out.getvalue().rstrip("\n")


def _cell(value: Any, ascii_only: bool) -> Any:
    return csv_cell(value, ascii_only) if isinstance(value, str) else value


FORMAT = Format(help="every column, base units", write=write, endings=(".csv",))
