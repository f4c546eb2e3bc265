"""What a file of the user's defines, by reading it: nothing is imported or run."""

import ast
import builtins
import sys
from collections.abc import Iterator
from pathlib import Path

from attnprof.catalogue.user_location import location_of
from attnprof.errors import UsageError

MOST = 12  # names in one line


def require_name(name: str) -> None:
    """Raises UsageError, with what there is to name, for the location of a file or a module alone."""
    location = location_of(name)
    if location.name:
        return
    names = names_in(location.path) if location.is_file else []
    if not names:
        raise UsageError(f"{location.where}: name a class or function in it: {location.where}:Gate")
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    raise UsageError(
        f"{location.where} has: {', '.join(names[:MOST])}{more}; write {location.where}:{names[0]}"
    )


def names_in(path: Path) -> list[str]:
    """The classes in the file at ``path`` that may be modules, or its functions where there are none; empty
    where it cannot be read."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return _modules_in(tree) or [name for name in functions if not name.startswith("_")]


def _modules_in(tree: ast.Module) -> list[str]:
    """The classes with a base that is neither Python's nor without such a base itself."""
    plain = {*vars(builtins), *_of_python(tree)}
    modules = []
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        if any(_first_name(base) not in plain for base in node.bases):
            modules.append(node.name)
        else:
            plain.add(node.name)
    return modules


def _of_python(tree: ast.Module) -> Iterator[str]:
    """The names that the file imports from Python's standard library."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (_bound(alias) for alias in node.names if _is_of_python(alias.name))
        elif isinstance(node, ast.ImportFrom) and _is_of_python(node.module or ""):
            yield from map(_bound, node.names)


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _is_of_python(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _first_name(node: ast.expr) -> str:
    """``nn`` of ``nn.Module``, ``Base`` of ``Base[int]``."""
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    return names[0] if names else ""
