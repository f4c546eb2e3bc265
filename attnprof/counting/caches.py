"""What a forward pass keeps outside its module, in the files of its classes: put back where it has no values.

A table that is filled with ``device=x.device`` would hold meta tensors after a count, and the next real call
would meet them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from attnprof.counting.tensors import tensors_below

_MISSING = object()


@contextmanager
def kept_caches(module: nn.Module) -> Iterator[None]:
    """While active: the variables of the files and classes of ``module`` are watched; then put back."""
    tables = list(_tables(module))
    copies = [table.copy() for table in tables]
    functions = list(_caching_functions(tables))
    sizes = [function.cache_info().currsize for function in functions]
    try:
        yield
    finally:
        for table, copy in zip(tables, copies, strict=True):
            _put_back(table, copy)
        for function, size in zip(functions, sizes, strict=True):
            if function.cache_info().currsize != size:
                function.cache_clear()


def _tables(module: nn.Module) -> Iterator[Any]:
    """The namespaces of the files that define the module's classes, and the dicts and lists in them."""
    classes = {type(part) for part in module.modules()}
    names = {kind.__module__ for kind in classes if not kind.__module__.startswith("torch.")}
    namespaces = [vars(sys.modules[name]) for name in names if name in sys.modules]
    yield from namespaces
    for namespace in (*namespaces, *map(vars, classes)):
        for name, value in namespace.items():
            if type(value) in (dict, list) and value is not namespace and not name.startswith("__"):
                yield value


def _caching_functions(tables: list[Any]) -> Iterator[Any]:
    """Functions of these files that functools.cache or lru_cache wraps."""
    for table in tables:
        if type(table) is dict:
            yield from (value for value in table.values() if hasattr(type(value), "cache_clear"))


def _put_back(table: Any, copy: Any) -> None:
    """Undo what was written to ``table`` and has no values."""
    if type(table) is list:
        if len(table) != len(copy) and any(map(_has_no_values, table)):
            table[:] = copy
        return
    if len(table) == len(copy) and all(map(_is_same, table.values(), copy.values())):
        return
    for key, value in list(table.items()):
        before = copy.get(key, _MISSING)
        if value is not before and _has_no_values(value):
            if before is _MISSING:
                del table[key]
            else:
                table[key] = before


def _is_same(a: object, b: object) -> bool:
    return a is b


def _has_no_values(value: object) -> bool:
    if not isinstance(value, torch.Tensor | tuple | list | dict):
        return False
    return any(x.is_meta for x in tensors_below(value))
