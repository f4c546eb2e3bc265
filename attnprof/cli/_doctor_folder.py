"""``attnprof doctor FOLDER``: what is wrong with a run folder, and a mended copy of it."""

from pathlib import Path

from attnprof.cli._terminal import Terminal
from attnprof.doctor.folder import check_up, mend
from attnprof.errors import NOT_MET
from attnprof.views.folder import document


def check_folder(folder: Path, repair: bool, format: str, terminal: Terminal) -> int:
    """Print what is wrong with ``folder``. repair: write a mended copy beside it, where something is."""
    checkup = check_up(folder)
    copy = mend(checkup) if repair and checkup.defects else None
    terminal.print(document(checkup, copy), format)
    return NOT_MET if checkup.defects and copy is None else 0
