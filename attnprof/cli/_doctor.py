"""``attnprof doctor``: what an examination of this machine finds, as it is found; or of a run folder."""

from pathlib import Path

from attnprof.cli._doctor_folder import check_folder
from attnprof.cli._progress import starting
from attnprof.cli._terminal import Terminal
from attnprof.doctor import STOP, Finding
from attnprof.doctor.examination import examine
from attnprof.errors import ENVIRONMENT, UsageError
from attnprof.formats import FORMATS
from attnprof.records.environment import software
from attnprof.running import client
from attnprof.spec import Spec
from attnprof.views.examination import document, outcome, paragraph, title


def doctor(
    folder: str | None, device: str, threads: int, repair: bool, format: str, terminal: Terminal
) -> int:
    """Examine and print: as text each finding at once, in other formats all together."""
    FORMATS.module_name(format)
    if folder is not None:
        return check_folder(Path(folder), repair, format, terminal)
    if repair:
        raise UsageError("--repair mends a run folder: attnprof doctor FOLDER --repair")
    setup = client.setup_for(Spec(device=device, threads=threads))
    versions = software()
    findings: list[Finding] = []
    if format == "text":
        terminal.show(f"{title(versions)}\n")
        for finding in examine(lambda: client.start_worker(setup)):
            findings.append(finding)
            terminal.show(paragraph(finding, terminal.look()))
        terminal.show(f"\n{outcome(findings)}")
    else:
        with starting(terminal):
            findings += examine(lambda: client.start_worker(setup))
        terminal.print(document(versions, findings), format)
    return ENVIRONMENT if any(finding.level == STOP for finding in findings) else 0
