"""A check as JUnit XML, which CI systems show as tests.

One for each limit of a module, and one for each cell that is held to a file of counts.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from attnprof.records.characters import printable
from attnprof.views.check import Check
from attnprof.views.count_changes import says


def junit(check: Check) -> str:
    """The XML of a test suite."""
    suite = Element("testsuite", name=printable(f"attnprof check {check.file}"))
    for candidate, verdicts in check.judged:
        for verdict in verdicts:
            failure = "" if verdict.holds else check.says(verdict)
            _case(suite, candidate.name, str(verdict.limit), failure)
    if check.held is not None:
        for cell in check.cells:
            changes = [change for change in check.held.changed if change.cell == cell]
            _case(suite, cell.partition("@")[0], f"counts of {cell}", "; ".join(map(says, changes)))
    cases: Sequence[Element] = list(suite)
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(len(case) for case in cases)))
    indent(suite)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{tostring(suite, encoding='unicode')}\n"


def _case(suite: Element, module: str, name: str, failure: str) -> None:
    case = SubElement(suite, "testcase", classname=printable(module), name=printable(name))
    if failure:
        SubElement(case, "failure", message=printable(failure)).text = printable(failure)
