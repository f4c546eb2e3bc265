"""The shape of the package: loose files, floors, names that say nothing, local imports, branched functions.

``python -m tests.test_structure`` prints every place, room by room. ``python -m tests.test_structure running
worker`` prints those of two rooms.
"""

import ast
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from radon.complexity import cc_visit_ast
from radon.visitors import Function

import attnprof
from tests.conftest import TOGETHER

ROOT = Path(__file__).parents[1]
PACKAGE = Path(attnprof.__file__).parent
# Participles and fillers: a name says what it holds, not how it came.
STOP_LIST = frozenset(
    ["found", "made", "asked", "given", "kept", "told", "known", "said", "heard", "left", "there"]
)
# The most of each that the package may have: a ratchet, which only ever goes down.
LIMITS = {
    "loose files": 8,
    "floors": 17,
    "class names in two files": 0,
    "bindings of the stop list": 0,
    "imports inside functions": 25,
    "functions of more than 10 branches": 0,
}
MOST_BRANCHES = 10  # as radon counts them: comprehensions and conditional expressions are branches, too


@dataclass(frozen=True)
class Place:
    """A line of the package, and what stands in it."""

    file: Path  # below the package
    line: int
    name: str

    @property
    def room(self) -> str:
        """The folder of the package that it is in; a loose file is its own room."""
        return self.file.parts[0]

    def __str__(self) -> str:
        return f"attnprof/{self.file}:{self.line} {self.name}"


@cache
def parsed_files() -> dict[Path, ast.Module]:
    """Each file's syntax tree, by its path below the package."""
    files = sorted(PACKAGE.rglob("*.py"))
    return {file.relative_to(PACKAGE): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def is_module_entry(file: Path) -> bool:
    """Whether it is one of the attention modules, which use the words of their papers."""
    return file.parts[0] == "modules"


def bound_names(node: ast.AST) -> list[str]:
    """The names that one node binds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return [name]
        case ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.alias(name=name, asname=alias):
            return [alias or name.partition(".")[0]]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(name)):
            return [name]
    return []


def stop_list_bindings(file: Path, tree: ast.Module) -> Iterator[Place]:
    """Where a name of the stop list is bound, with or without an underscore before it."""
    for node in ast.walk(tree):
        for name in bound_names(node):
            if name.strip("_") in STOP_LIST:
                yield Place(file, node.lineno, name)


def local_imports(file: Path, tree: ast.Module) -> Iterator[Place]:
    """The import statements inside functions."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    statements = {
        node: None
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    for statement in statements:
        yield Place(file, statement.lineno, ast.unparse(statement))


def branched_functions(file: Path, tree: ast.Module) -> Iterator[Place]:
    """The functions and methods of more than MOST_BRANCHES."""
    for block in cc_visit_ast(tree):
        if isinstance(block, Function) and block.complexity > MOST_BRANCHES:
            yield Place(file, block.lineno, f"{block.fullname} ({block.complexity})")


def classes(file: Path, tree: ast.Module) -> Iterator[Place]:
    """The classes that a file defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield Place(file, node.lineno, node.name)


def loose_files() -> list[Place]:
    return [Place(file.relative_to(PACKAGE), 1, "") for file in sorted(PACKAGE.glob("*.py"))]


def floors() -> list[Place]:
    """The layers of the import contract."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    contracts = [contract for contract in tools["importlinter"]["contracts"] if contract["type"] == "layers"]
    names = [layer for contract in contracts for layer in contract["layers"]]
    return [Place(Path(name), number, "floor") for number, name in enumerate(names, 1)]


def repeated_class_names() -> list[Place]:
    """Every definition of a class whose name another file has too. Attention modules may share names among
    themselves."""
    definitions = defaultdict(list)
    for file, tree in parsed_files().items():
        for place in classes(file, tree):
            definitions[place.name].append(place)
    clashes = []
    for places in definitions.values():
        files = {place.file for place in places}
        if len(files) > 1 and not all(is_module_entry(file) for file in files):
            clashes.extend(places)
    return clashes


def all_stop_list_bindings() -> list[Place]:
    trees = parsed_files().items()
    return [
        place for file, tree in trees if not is_module_entry(file) for place in stop_list_bindings(file, tree)
    ]


def all_local_imports() -> list[Place]:
    trees = parsed_files().items()
    return [place for file, tree in trees if not is_module_entry(file) for place in local_imports(file, tree)]


def all_branched_functions() -> list[Place]:
    trees = parsed_files().items()
    return [
        place for file, tree in trees if not is_module_entry(file) for place in branched_functions(file, tree)
    ]


LISTS: dict[str, Callable[[], list[Place]]] = {
    "loose files": loose_files,
    "floors": floors,
    "class names in two files": repeated_class_names,
    "bindings of the stop list": all_stop_list_bindings,
    "imports inside functions": all_local_imports,
    "functions of more than 10 branches": all_branched_functions,
}


def figure(title: str, places: list[Place]) -> int:
    """How many of them count against the limit: of repeated class names, the names."""
    return len({place.name for place in places}) if title == "class names in two files" else len(places)


@pytest.mark.parametrize("title", LIMITS)
def test_the_package_keeps_within_its_limit(title):
    places = LISTS[title]()
    assert figure(title, places) <= LIMITS[title], "\n".join([title, *map(str, places)])


def test_tests_that_share_a_fixture_in_one_process_are_files_that_exist():
    assert [file for file in TOGETHER if not (ROOT / file).is_file()] == []


def names_of(source: str) -> list[str]:
    return [place.name for place in stop_list_bindings(Path("made_up.py"), ast.parse(source))]


@pytest.mark.parametrize(
    "source",
    [
        "found = 1",
        "_found = 1",
        "a, (b, *found) = 1, (2, 3)",
        "found: int = 1",
        "found += 1",
        "self.found = 1",
        "def found(): pass",
        "def f(found): pass",
        "def f(*, found=1): pass",
        "def f(*found): pass",
        "def f(**found): pass",
        "lambda found: 1",
        "class A:\n    found: int",
        "for found in x: pass",
        "[1 for found in x]",
        "(found := 1)",
        "with x as found: pass",
        "try: pass\nexcept E as found: pass",
        "import x as found",
        "from found import y as found",
        "match x:\n    case [1, *found]: pass",
        "match x:\n    case {'a': 1, **found}: pass",
        "match x:\n    case int() as found: pass",
    ],
)
def test_every_kind_of_binding_is_seen(source):
    assert [name.strip("_") for name in names_of(source)] == ["found"]


@pytest.mark.parametrize("source", ["print(found)", "x.found()", "f(found=1)", "'found'", "founded = 1", "from found import y"])  # fmt: skip
def test_a_use_is_no_binding(source):
    assert names_of(source) == []


def test_an_import_inside_a_nested_function_counts_once():
    source = "import a\ndef f():\n    import b\n    def g():\n        from c import d\n"
    places = list(local_imports(Path("made_up.py"), ast.parse(source)))
    assert sorted(place.name for place in places) == ["from c import d", "import b"]


def test_branches_count_in_expressions_and_in_methods():
    branch = " or ".join("abcdefghijk")
    sources = [
        f"def f():\n    return {branch}",
        f"class A:\n    def f(self):\n        return {branch}",
        "def f(): pass",
    ]
    places = [list(branched_functions(Path("made_up.py"), ast.parse(source))) for source in sources]
    assert [[place.name for place in each] for each in places] == [["f (11)"], ["A.f (11)"], []]


def print_figures(rooms: set[str]) -> None:
    """Print every figure beside its limit, and the places in ``rooms`` (all where empty)."""
    totals = []
    for title, list_places in LISTS.items():
        places = list_places()
        totals.append(f"{figure(title, places):5}  of {LIMITS[title]:5}  {title}")
        if title in ("loose files", "floors"):
            continue
        shown = [place for place in places if not rooms or place.room in rooms]
        shown.sort(key=lambda place: (place.file, place.line))
        by_room = Counter(place.room for place in shown)
        for room, count in sorted(by_room.items()):
            print(f"\n{title}, {room}: {count}")
            print("\n".join(f"  {place}" for place in shown if place.room == room))
    print("\n" + "\n".join(totals))


if __name__ == "__main__":
    print_figures(set(sys.argv[1:]))
