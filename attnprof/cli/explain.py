"""Explain a count: every operator's share, what grows how, other counters side by side"""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from attnprof.cli._output import SHARED

if TYPE_CHECKING:
    from attnprof.explaining.explanation import CounterReport, Explanation, Form
    from attnprof.records.case import Case

HELP = """\
Explain what one module costs at one size: a tree of its operators, and why other counters differ.

\b
  attnprof explain nonlocal@64@56
  attnprof explain 'cbam(reduction=8)@256@28x40' --formula
  attnprof explain my.py:Gate@64@56 --format json

TARGET is NAME@C@HxW: a module as -m takes it, its channels, and the map's height and width.
"""
FORMATS = ("text", "json")


DIFFERS = 1  # asked whether two agree, and they do not


def _explain(
    target: str, formula: bool, verify: bool, format: str, quiet: bool, no_color: bool, **fields: Any
) -> int:
    from attnprof.catalogue import entry
    from attnprof.cli._output import look
    from attnprof.cli._progress import say, starting
    from attnprof.running.inquiry import Asking
    from attnprof.views.explanation import page

    case = _case(target, fields)
    with Asking() as asking, starting(quiet, no_color):
        found = asking.explanation(case, verify)
        counters = asking.counters(case)
        forms = asking.forms(case) if formula else []
    if format == "json":
        click.echo(json.dumps(_document(case, found, counters, forms), indent=2))
    else:
        shown = look(no_color=no_color)
        text, dropped = page(case, entry(case.module).name, found, counters, forms, shown)
        click.echo(text, color=shown.colour or None)
        if dropped:
            say(f"not shown for want of width: {', '.join(dropped)}. All of them: --format json", quiet)
    return DIFFERS if found.differs else 0


def _case(target: str, fields: dict[str, Any]) -> "Case":
    """The case that NAME@C@HxW means. fields: of the spec. Raises UnknownNameError, UsageError, ImpossibleShapeError or
    SpecError, in words for the user."""
    from attnprof.catalogue.selection import matching
    from attnprof.errors import ImpossibleShapeError, UsageError
    from attnprof.grid import parse_point, show_res
    from attnprof.planning import plan
    from attnprof.spec.file import Source, merge

    name, *size = target.rsplit("@", 2)
    if len(size) != 2 or not name:
        raise UsageError(f"{target!r} has no size; write {name or 'se'}@64@56 or {name or 'se'}@256@28x40")
    try:
        point = parse_point("@".join(size))
    except ValueError as problem:
        raise UsageError(f"{target}: {problem}") from None
    if len(matching(name)) != 1:
        raise UsageError(f"{name!r} stands for several modules; explain takes one")
    asked = Source(fields, {field: f"--{field}" for field in fields})
    spec = merge([asked, Source({"modules": [name], "points": ["@".join(size)], "no_latency": True}, {})])
    cell = plan(spec, "meta").cells[-1]
    if cell.refusal:
        raise ImpossibleShapeError(f"{name}@{point[0]}@{show_res(point[1:])} - {cell.refusal}")
    return cell.case


def _document(
    case: "Case", found: "Explanation", counters: "list[CounterReport]", forms: "list[Form]"
) -> dict[str, Any]:
    """Everything, exact: the case, the explanation, what others count, and the closed forms where they were asked for."""
    return {
        "case": case.to_json(),
        **found.to_json(),
        "counters": [asdict(each) for each in counters],
        **({"forms": [asdict(form) for form in forms]} if forms else {}),
    }


COMMAND = click.Command(
    "explain",
    callback=_explain,
    help=HELP,
    params=[
        click.Argument(["target"]),
        click.Option(["--formula"], is_flag=True, help="params, MACs and FLOPs as polynomials in C, H and W"),
        click.Option(["--verify"], is_flag=True, help="hold every shape to torch's own kernels"),
        click.Option(["--train"], is_flag=True, help="forward + backward"),
        click.Option(["--batch"], default="1", metavar="N", help="images per call [1]"),
        click.Option(
            ["--format"], type=click.Choice(FORMATS), default="text", help="of what is printed [text]"
        ),
        *SHARED,
    ],
)
