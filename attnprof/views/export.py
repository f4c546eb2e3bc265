"""A file that was written, as a document: its inputs and outputs, and the operators of its graph."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from attnprof.exporting import EXAMPLE, ExportKind, ExportReport, Port
from attnprof.records.case import Case
from attnprof.records.characters import printable
from attnprof.units import show_bytes
from attnprof.views.document import Document, Remark, TableCell, TableColumn
from attnprof.views.explanation import title_of

COLUMNS = (
    TableColumn("operator", "operator", right=False),
    TableColumn("count", "count", "count", keep=1),
)


def document(
    case: Case, name: str, kind: ExportKind, sizes: Mapping[str, int], report: ExportReport
) -> Document:
    """A row for each type of operator.

    name: what the field calls the module. sizes: of each file in bytes, by its path.
    """
    lines = [
        _title(case, name),
        *(f"{path}: {show_bytes(size)}, {_content(path, kind, report)}" for path, size in sizes.items()),
        *(f"input {_written(port)}" for port in report.inputs),
        *(f"output {_written(port)}" for port in report.outputs),
    ]
    return Document(
        columns=COLUMNS,
        rows=[[TableCell(each), TableCell(count)] for each, count in report.operators.items()],
        above=[Remark(line) for line in lines],
        below=[_error(report)],
        data=lambda: _data(case, sizes, report),
    )


def _title(case: Case, name: str) -> str:
    """'se@64@56 - Squeeze-and-Excitation': what is in the file, and what the field calls the module."""
    return printable(case.label) + title_of(case, name).removeprefix(printable(case.title))


def _content(path: str, kind: ExportKind, report: ExportReport) -> str:
    """What the file at ``path`` holds."""
    if path.endswith(EXAMPLE):
        return "an input, and the outputs that torch computes of it"
    if path.endswith(kind.suffixes[0]):
        return f"{kind.title} opset {report.opset}" if report.opset else kind.title
    return "weights"


def _written(port: Port) -> str:
    return f"{port.name}: {'x'.join(map(str, port.shape))}, fp32"


def _error(report: ExportReport) -> str:
    if not report.error:
        return "read back and run: the outputs are torch's, bit for bit"
    difference = f"{report.error:.2g} of the largest value"
    return f"read back and run: the largest difference from torch's outputs is {difference}"


def _data(case: Case, sizes: Mapping[str, int], report: ExportReport) -> dict[str, Any]:
    files = [{"path": path, "bytes": size} for path, size in sizes.items()]
    return {"case": case.to_json(), "files": files, **asdict(report)}
