"""A module's file as code that needs no attnprof: without ENTRY, with the helpers that it imports."""

import ast
import importlib.util
from pathlib import Path

from attnprof.catalogue import MODULES
from attnprof.catalogue.entry import Entry
from attnprof.catalogue.user_location import is_path, location_of
from attnprof.errors import UsageError
from attnprof.snippets import Code

OURS = "attnprof"


def standalone(entry: Entry) -> Code:
    """The code of the module's class, its helpers and imports; of a user's own, its import. Nothing is run.

    Raises UsageError for a file that cannot be read.
    """
    if is_path(entry.key):
        where, name = location_of(entry.key)
        return Code("", frozenset({f"from {where.removesuffix('.py').replace('/', '.')} import {name}"}), "")
    path = Path(MODULES.source(entry.key))
    try:
        return _assembled(_File(path))
    except (OSError, SyntaxError) as problem:
        raise UsageError(f"{path}: cannot read it: {problem}") from None


class _File:
    """A Python file: its statements by the names they bind, each with the comments above it."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self.doc = ast.get_docstring(self.tree, clean=False) or ""
        self.imports: dict[str, str] = {}
        self.helpers: dict[str, str] = {}  # names imported from attnprof, and the module that has them
        self.parts: dict[str, tuple[ast.stmt, str]] = {}
        lines, end = self.text.splitlines(), 0
        for node in self.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            else:
                code = "\n".join(lines[end : node.end_lineno]).strip("\n")
                self.parts |= {name: (node, code) for name in _bound(node)}
            end = node.end_lineno or end

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            name = alias.asname or alias.name
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == OURS:
                self.helpers[name] = str(node.module)
            elif isinstance(node, ast.ImportFrom):
                self.imports[name] = ast.unparse(ast.ImportFrom(node.module, [alias], node.level))
            else:
                self.imports[name] = ast.unparse(ast.Import([alias]))


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [name for target in node.targets for name in sorted(_names(target))]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _assembled(file: _File) -> Code:
    own = {name: part for name, part in file.parts.items() if name != "ENTRY"}
    used = set().union(*(_names(node) for node, _ in own.values()))
    imports = {statement for name, statement in file.imports.items() if name in used}
    borrowed: dict[str, str] = {}
    for name, module in file.helpers.items():
        _borrow(name, _file_of(module), borrowed, imports)
    parts = dict.fromkeys([*borrowed.values(), *(code for _, code in own.values())])
    return Code(file.doc, frozenset(imports), "\n\n\n".join(parts))


def _borrow(name: str, file: _File, borrowed: dict[str, str], imports: set[str]) -> None:
    """Add the statement that binds ``name`` in ``file``, after those that it depends on."""
    if name in borrowed:
        return
    node, code = file.parts[name]
    for used in sorted(_names(node) - {name}):
        if used in file.parts:
            _borrow(used, file, borrowed, imports)
        elif used in file.imports:
            imports.add(file.imports[used])
        elif used in file.helpers:
            _borrow(used, _file_of(file.helpers[used]), borrowed, imports)
    borrowed[name] = code


def _file_of(module: str) -> _File:
    spec = importlib.util.find_spec(module)
    return _File(Path(str(spec.origin if spec else "")))
