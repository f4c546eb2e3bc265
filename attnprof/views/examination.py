"""What an examination of this machine finds, as people and programs read it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from textwrap import fill
from typing import Any

from attnprof.doctor import NOTE, STOP, Finding
from attnprof.views.document import Document, Look, Remark, TableCell, TableColumn, Written

NAMES, INDENT = 10, 18  # characters: of a finding's name; before the lines that continue it
UNLIMITED = 10_000  # columns, where nothing has to fit
VERSIONS = {"attnprof": "attnprof_version", "Python": "python_version", "torch": "torch_version"}
COLUMNS = (
    TableColumn("level", "level", right=False),
    TableColumn("name", "name", right=False),
    TableColumn("says", "says", keep=90, right=False),
    TableColumn("advice", "advice", keep=80, right=False),
)


def document(versions: Mapping[str, object], findings: Sequence[Finding]) -> Document:
    """One row per finding; on a terminal a paragraph each."""
    values = [(finding.level, finding.name, finding.says, _advice(finding)) for finding in findings]
    return Document(
        columns=COLUMNS,
        rows=[[TableCell(value or None) for value in row] for row in values],
        above=[Remark(title(versions))],
        below=[outcome(findings)],
        page=lambda look: _page(versions, findings, look),
        data=lambda: _data(versions, findings),
    )


def title(versions: Mapping[str, object]) -> str:
    """The versions that measure."""
    return ", ".join(f"{name} {versions[key] or 'is not installed'}" for name, key in VERSIONS.items())


def paragraph(finding: Finding, look: Look) -> str:
    """A finding for a terminal: a line, the advice below it, and each command on a line of its own."""
    width, indent = look.width or UNLIMITED, " " * INDENT
    head = f"{finding.level:5} {finding.name:{NAMES}}  {finding.says}"
    lines = [fill(head, width, subsequent_indent=indent)]
    if finding.advice:
        lines.append(fill(finding.advice, width, initial_indent=indent, subsequent_indent=indent))
    lines += [f"{indent}  {command}" for command in finding.commands]
    return "\n".join(lines)


def outcome(findings: Sequence[Finding]) -> str:
    """The last line."""
    stops = [finding.name for finding in findings if finding.level == STOP]
    if stops:
        return f"This machine cannot measure: {', '.join(stops)}."
    notes = sum(finding.level == NOTE for finding in findings)
    if not notes:
        return "Ready to measure."
    return f"Ready to measure; {notes} thing{'s' if notes > 1 else ''} could be better."


def _advice(finding: Finding) -> str:
    """In one line, with its commands."""
    return f"{finding.advice} {'; '.join(finding.commands)}".rstrip()


def _page(versions: Mapping[str, object], findings: Sequence[Finding], look: Look) -> Written:
    paragraphs = "\n".join(paragraph(finding, look) for finding in findings)
    return Written("\n\n".join([title(versions), paragraphs, outcome(findings)]))


def _data(versions: Mapping[str, object], findings: Sequence[Finding]) -> dict[str, Any]:
    """Everything, for a program or a bug report."""
    return {
        "schema": 1,
        "ready": all(finding.level != STOP for finding in findings),
        "software": versions,
        "findings": [asdict(finding) for finding in findings],
    }
