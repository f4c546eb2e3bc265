"""A module as code to paste, for a framework each: one per file, each exporting SNIPPET. Texts only; nothing is imported."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from attnprof.catalogue.entry import Entry, Value
from attnprof.errors import UsageError
from attnprof.grid import Point
from attnprof.registry import Registry

SNIPPETS = Registry("attnprof.snippets", "SNIPPET", "framework")


@dataclass(frozen=True)
class Code:
    """A module's code, standing alone. imports: single statements; body: its class, and what that needs."""

    doc: str
    imports: frozenset[str]
    body: str


@dataclass(frozen=True)
class Wanted:
    """What a snippet is to contain. settings: what differs from the defaults. point: (C, H, W) of its example."""

    entry: Entry
    settings: Mapping[str, Value]
    code: Code
    point: Point

    @property
    def name(self) -> str:
        """The class's name."""
        return self.entry.class_name

    @property
    def sized(self) -> bool:
        """Whether the map's size is part of the module."""
        return self.entry.needs_size(self.settings)

    @property
    def replaces(self) -> bool:
        """Whether it is made to stand in place of a 3x3 convolution."""
        return self.entry.place == "replace"

    def call(self, channels: str, height: str = "height", width: str = "width") -> str:
        """The expression that builds it: 'SE(channels, reduction=8)'."""
        settings = [f"{name}={value!r}" for name, value in self.settings.items()]
        size = [f"height={height}", f"width={width}"] if self.sized else []
        return f"{self.name}({', '.join([channels, *settings, *size])})"

    def require(self, channels: int, side: int, where: str, sized: bool = False) -> None:
        """Raises UsageError where the module cannot stand at this place, which is called ``where``.

        sized: whether every place there has one map size, so that a module may be built for it.
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
        return "\n\n".join(
            filter(None, [doc, statements, self.code.body and f"\n{self.code.body}", f"\n{glue}"])
        )


def sorted_imports(statements: Iterable[str]) -> str:
    """The standard library's first, then the others; within them 'import' before 'from'."""
    groups: dict[bool, list[str]] = {True: [], False: []}
    for statement in sorted(statements, key=lambda text: (not text.startswith("import"), text.lower())):
        groups[statement.split()[1].split(".")[0] in sys.stdlib_module_names].append(statement)
    return "\n\n".join("\n".join(group) for group in groups.values() if group)


@dataclass(frozen=True)
class Snippet:
    """write: what is wanted -> a Python file that runs where the framework is installed. Raises UsageError."""

    help: str
    write: Callable[[Wanted], str]
