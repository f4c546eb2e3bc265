"""How a command's file declares it. Its implementation is imported when it runs: --help needs none of it."""

from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from attnprof.cli._completing import names_of
from attnprof.cli._streams import show
from attnprof.cli._terminal import Terminal
from attnprof.formats import FORMATS

SHARED: Sequence[click.Parameter] = (
    click.Option(["-q", "--quiet"], is_flag=True, help="print only errors to stderr"),
    click.Option(["--no-color"], is_flag=True, help="no colour (as NO_COLOR=1)"),
)
Groups = Mapping[str, Sequence[click.Parameter]]  # heading in the help -> parameters
OUTPUT = "Output"
WHOLE = "attnprof.help.whole"  # in a context's meta: every option is shown


class Grouped(click.Command):
    """A command whose help has its options in groups, those that few need only with --help-all."""

    def __init__(self, name: str, groups: Groups, rare: Collection[str], **more: Any) -> None:
        further = [_help_all(name)] if rare else []
        self._groups = {**groups, OUTPUT: [*groups.get(OUTPUT, ()), *SHARED, *further]}
        self._rare = rare
        super().__init__(name, params=[each for group in self._groups.values() for each in group], **more)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One table per group, the columns of all aligned."""
        rows = self._rows(ctx)
        width = max(len(flags) for group in rows.values() for flags, _ in group)
        formatter.write_paragraph()
        for title, group in rows.items():
            formatter.write_heading(title)
            with formatter.indentation():
                formatter.write_dl([(flags.ljust(width), meaning) for flags, meaning in group])

    def _rows(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """The flags and meanings of the options shown, by the heading of their group."""
        titles = {each: title for title, group in self._groups.items() for each in group}
        rows: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if self._is_shown(parameter, ctx) else None
            if record:
                rows.setdefault(titles.get(parameter, OUTPUT), []).append(record)
        return rows

    def _is_shown(self, parameter: click.Parameter, ctx: click.Context) -> bool:
        is_whole = WHOLE in ctx.meta
        return isinstance(parameter, click.Option) and (is_whole or parameter.name not in self._rare)


def _help_all(name: str) -> click.Option:
    def show_all(ctx: click.Context, parameter: click.Parameter, is_wanted: bool) -> None:
        if is_wanted and not ctx.resilient_parsing:
            ctx.meta[WHOLE] = True
            show(ctx.get_help())
            ctx.exit()

    meaning = f"every option of {name}"
    flags = {"is_flag": True, "is_eager": True, "expose_value": False}
    return click.Option(["--help-all"], callback=show_all, help=meaning, **flags)


def command(
    name: str,
    implementation: str,
    help: str,
    params: Sequence[click.Parameter] | Groups = (),
    rare: Collection[str] = (),
) -> click.Command:
    """A command with ``params`` and the options that all commands share.

    implementation: 'module:function'. The function takes each parameter by its name, and ``terminal`` for the
    shared options; it returns the exit code. params: in groups, where they are many. rare: the names of those
    that --help leaves to --help-all.
    """

    def callback(quiet: bool, no_color: bool, **options: Any) -> Any:
        module, _, function = implementation.partition(":")
        return getattr(import_module(module), function)(**options, terminal=Terminal(quiet, no_color))

    if isinstance(params, Mapping):
        return Grouped(name, params, rare, callback=callback, help=help)
    return click.Command(name, callback=callback, help=help, params=[*params, *SHARED])


def run_argument() -> click.Argument:
    """RUN: the run whose results a command shows."""
    return click.Argument(["run"], required=False, metavar="[RUN]")


def where_option() -> click.Option:
    """--where: the rows that a command looks at."""
    return click.Option(
        ["--where"], default="", metavar="LIST", help="rows that are so: channels=64,res=56,macs<100M"
    )


PUBLISHING = ("units", "caption", "label", "no_notes")  # parameters of ``publishing_options``


def publishing_options() -> list[click.Parameter]:
    """What an author wants of a table in a paper."""
    return [
        click.Option(
            ["--units"], default="", metavar="LIST", help="print in these: M,G gives 25.6 M, 4.09 G"
        ),
        click.Option(["--caption"], default="", metavar="TEXT", help="your own, in latex as LaTeX"),
        click.Option(["--label"], default="", metavar="NAME", help="for \\ref in latex [tab:attnprof]"),
        click.Option(["--no-notes"], is_flag=True, help="without footnotes and the lines around the table"),
    ]


def output_options() -> list[click.Parameter]:
    """--format and -o, whose name's ending says the format where --format does not."""
    names = f"{', '.join(FORMATS.names())} [by -o, else text]"
    option = click.Option(
        ["--format"], default=None, metavar="FORMAT", help=names, shell_complete=names_of(FORMATS)
    )
    return [
        option,
        click.Option(["-o", "--output"], metavar="FILE", help="write there: table.tex, .md, .csv"),
    ]


def format_option() -> click.Option:
    """--format: any registered format, plug-ins included."""
    return click.Option(
        ["--format"],
        default="text",
        metavar="FORMAT",
        help=f"{', '.join(FORMATS.names())} [text]",
        shell_complete=names_of(FORMATS),
    )
