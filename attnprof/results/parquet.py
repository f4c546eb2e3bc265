"""results.csv as a Parquet file beside it: for tables that pandas takes a while to read as text."""

import importlib
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attnprof.catalogue.fresh_python import fresh_python
from attnprof.records.characters import from_csv_cell
from attnprof.records.files import write_pieces
from attnprof.results.header import column_kinds
from attnprof.units import KindName

BLOCK_BYTES = 2**19  # of the CSV at once
WHOLE: tuple[KindName, ...] = ("count", "bytes")
TEXTS: tuple[KindName, ...] = ("text", "code")


def can_write() -> bool:
    """Whether pyarrow is installed. It is not imported."""
    return find_spec("pyarrow") is not None


def write_apart(table: Path, path: Path) -> str:
    """Do as ``write_parquet`` in a process of its own, whose memory ends with it. What went wrong, in a line;
    empty where nothing did."""
    code = "from pathlib import Path; from attnprof.results.parquet import write_parquet"
    call = "write_parquet(*map(Path, sys.argv[1:]))"
    command = (*fresh_python(f"{code}; {call}"), str(table), str(path))
    done = subprocess.run(command, capture_output=True, check=False)
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return (lines or [f"exit code {done.returncode}"])[-1] if done.returncode else ""


def write_parquet(table: Path, path: Path) -> None:
    """Write the results.csv at ``table`` to ``path``, block by block, with a type for each column: exact
    integers, floats, texts as they were before they were made harmless for a spreadsheet. Raises OSError."""
    arrow, csv, parquet = map(importlib.import_module, ("pyarrow", "pyarrow.csv", "pyarrow.parquet"))
    with table.open(encoding="utf-8", newline="") as lines:
        names = next(iter(lines)).rstrip("\n").split(",")
    kinds = column_kinds()
    types = {name: _type(arrow, kinds.get(name)) for name in names}
    texts = [name for name, type in types.items() if type == arrow.string()]
    sink = arrow.BufferOutputStream()
    reader = csv.open_csv(
        table,
        read_options=csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False),
    )
    with reader, parquet.ParquetWriter(sink, reader.schema) as writer:
        for batch in reader:
            for name in texts:
                place = batch.schema.get_field_index(name)
                plain = arrow.array(map(from_csv_cell, batch.column(place).to_pylist()), arrow.string())
                batch = batch.set_column(place, name, plain)
            writer.write_batch(batch)
    write_pieces(path, [sink.getvalue().to_pybytes()])


def _type(arrow: Any, kind: KindName | None) -> Any:
    """A column's type; a text for one that no field or metric declares."""
    if kind is None or kind in TEXTS:
        return arrow.string()
    return arrow.int64() if kind in WHOLE else arrow.float64()
