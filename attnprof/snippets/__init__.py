"""A module as code to paste: one framework per file, each exporting SNIPPET. No framework is imported."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from attnprof.catalogue.entry import Entry
from attnprof.catalogue.values import Value
from attnprof.errors import UsageError
from attnprof.grid import Point
from attnprof.registry import Registry

SNIPPETS = Registry("attnprof.snippets", "SNIPPET", "framework")


@dataclass(frozen=True)
class Code:
    """A module's code without attnprof."""

    doc: str
    imports: frozenset[str]  # single statements
    body: str  # its class, and the helpers that it needs


@dataclass(frozen=True)
class Example:
    """The module that a snippet shows."""

    entry: Entry
    settings: Mapping[str, Value]  # those that differ from the defaults
    code: Code
    point: Point  # (C, H, W) of the example's input

    @property
    def name(self) -> str:
        """The class's name."""
        return self.entry.class_name

    @property
    def sized(self) -> bool:
        """Whether the module is built for one map size."""
        return self.entry.needs_size(self.settings)

    @property
    def fuses(self) -> bool:
        """Whether it takes two maps."""
        return self.entry.maps > 1

    @property
    def replaces(self) -> bool:
        """Whether it is used in place of a 3x3 convolution."""
        return self.entry.place == "replace"

    def call(self, channels: str, height: str = "height", width: str = "width") -> str:
        """The expression that builds it: 'SE(channels, reduction=8)'."""
        arguments = self.entry.arguments_in_code(self.settings, channels, height, width)
        return f"{self.name}({', '.join(arguments)})"

    def require(self, channels: int, side: int, where: str, sized: bool = False) -> None:
        """Raises UsageError where the module cannot be used at this size in ``where``.

        sized: whether every place there has a fixed map size, so that a module may be built for it.
        """
        if self.sized and not sized:
            raise UsageError(f"{self.entry.key} is built for one map size, and {where} has maps of several")
        refusal = self.entry.refusal(channels, side, side, self.settings)
        if refusal:
            raise UsageError(
                f"{self.entry.key} cannot stand in {where}, at {channels}@{side}x{side}: {refusal}"
            )

    def file(self, imports: Iterable[str], glue: str) -> str:
        """A whole file: the docstring, all imports, the module's code, and then ``glue``."""
        statements = sorted_imports({*self.code.imports, *imports})
        doc = f'# From attnprof, Apache-2.0.\n"""{self.code.doc}"""' if self.code.doc else ""
        body = self.code.body and f"\n{self.code.body}"
        return "\n\n".join(filter(None, [doc, statements, body, f"\n{glue}"]))


def sorted_imports(statements: Iterable[str]) -> str:
    """The standard library's first, then the others; within them 'import' before 'from'."""
    groups: dict[bool, list[str]] = {True: [], False: []}
    for statement in sorted(statements, key=lambda text: (not text.startswith("import"), text.lower())):
        groups[statement.split()[1].split(".")[0] in sys.stdlib_module_names].append(statement)
    return "\n\n".join("\n".join(group) for group in groups.values() if group)


@dataclass(frozen=True)
class Snippet:
    """A framework's use of a module."""

    help: str
    write: Callable[[Example], str]  # a Python file that runs with the framework; raises UsageError
    fuses: bool = False  # whether it has a use for a module that takes two maps
