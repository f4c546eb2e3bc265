"""CSV: every column in base units, exact digits, a missing value empty."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from attnprof.formats import Document, Format, Look, Written
from attnprof.records.journal import RISKY


def write(document: Document, look: Look) -> Written:
    """The document's records; texts that a spreadsheet would run are quoted."""
    records = document.table_records() if document.records is None else document.records()
    # Without records the header alone is left.
    header = list(records[0]) if records else list(document.header)
    return Written(csv_text(header, records))


def csv_text(header: Sequence[str], records: Sequence[Mapping[str, Any]]) -> str:
    """``records`` as CSV, without a line break at its end."""
    out = StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(header)
    for record in records:
        table.writerow([safe_text(record.get(name)) for name in header])
    return out.getvalue().rstrip("\n")


def safe_text(value: Any) -> Any:
    """``value`` as a spreadsheet shows it instead of running it: a leading = + - or @ is quoted."""
    return f"'{value}" if isinstance(value, str) and value.startswith(RISKY) else value


FORMAT = Format(help="every column, base units", write=write)
