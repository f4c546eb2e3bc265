"""What is wrong with a run folder, as people and programs read it."""

from dataclasses import asdict
from pathlib import Path

from attnprof.doctor.folder import Checkup
from attnprof.views.document import Document, Look, Remark, TableCell, TableColumn, Written

COLUMNS = (
    TableColumn("place", "place", right=False),
    TableColumn("problem", "problem", keep=90, right=False),
    TableColumn("mending", "in a mended copy", keep=80, right=False),
)


def document(checkup: Checkup, copy: Path | None) -> Document:
    """One row per defect. copy: the mended folder, where it was written."""
    rows = [(defect.place, defect.problem, defect.mending) for defect in checkup.defects]
    return Document(
        columns=COLUMNS,
        rows=[[TableCell(text) for text in row] for row in rows],
        above=[Remark(_title(checkup))],
        below=[_outcome(checkup, copy)],
        page=lambda look: _page(checkup, copy, look),
        data=lambda: _data(checkup, copy),
    )


def _title(checkup: Checkup) -> str:
    count = len(checkup.events)
    return f"{checkup.folder}: schema {checkup.environment.get('schema', 1)}, {count} records"


def _outcome(checkup: Checkup, copy: Path | None) -> str:
    if not checkup.defects:
        return "Nothing is wrong."
    if copy is not None:
        return f"Mended in {copy}."
    count = len(checkup.defects)
    things = "things are" if count > 1 else "thing is"
    return f"{count} {things} wrong; --repair writes a mended copy beside the folder."


def _page(checkup: Checkup, copy: Path | None, look: Look) -> Written:
    lines = [f"{defect.place}: {defect.problem} ({defect.mending})" for defect in checkup.defects]
    return Written("\n".join([_title(checkup), *lines, _outcome(checkup, copy)]))


def _data(checkup: Checkup, copy: Path | None) -> dict[str, object]:
    return {
        "schema": 1,
        "folder": str(checkup.folder),
        "records": len(checkup.events),
        "defects": [asdict(defect) for defect in checkup.defects],
        "copy": None if copy is None else str(copy),
    }
