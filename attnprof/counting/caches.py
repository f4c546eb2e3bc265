"""What a forward pass keeps outside its module, in the files of its classes: put back where it has no values.

A table that is filled with ``device=x.device`` would hold meta tensors after a count, and the next real call
would meet them.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from operator import is_
from typing import Any

import torch
from torch import nn

from attnprof.counting.tensors import tensors_below

_MISSING = object()
_CACHING = type(cache(len))  # what functools makes of a function
_CONTAINERS = frozenset({dict, list})


@contextmanager
def kept_caches(modules: Iterable[nn.Module]) -> Iterator[None]:
    """While active: the variables of the files and classes of ``modules`` are watched; then put back."""
    tables = _tables(set(map(type, modules)))
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


def _tables(classes: set[type[nn.Module]]) -> list[Any]:
    """The namespaces of the files that define these classes, and the dicts and lists in both. Not torch's."""
    watched = [kind for kind in classes if not kind.__module__.startswith("torch.")]
    names = {kind.__module__ for kind in watched}
    files = [vars(sys.modules[name]) for name in names if name in sys.modules]
    tables: list[Any] = list(files)
    for namespace in (*files, *map(vars, watched)):
        tables += _containers(namespace)
    return tables


def _containers(namespace: Any) -> list[Any]:
    """The dicts and lists among the variables of a file or a class."""
    return [
        value for name, value in namespace.items() if type(value) in _CONTAINERS and not name.startswith("__")
    ]


def _caching_functions(tables: list[Any]) -> Iterator[Any]:
    """Functions in these tables that functools.cache or lru_cache wraps."""
    for table in tables:
        if type(table) is dict and _CACHING in map(type, table.values()):
            yield from (value for value in table.values() if type(value) is _CACHING)


def _put_back(table: Any, copy: Any) -> None:
    """Undo what was written to ``table`` and has no values."""
    if type(table) is list:
        if len(table) != len(copy) and any(map(_has_no_values, table)):
            table[:] = copy
        return
    if len(table) == len(copy) and all(map(is_, table.values(), copy.values())):
        return
    for key, value in list(table.items()):
        before = copy.get(key, _MISSING)
        if value is not before and _has_no_values(value):
            if before is _MISSING:
                del table[key]
            else:
                table[key] = before


def _has_no_values(value: object) -> bool:
    if not isinstance(value, torch.Tensor | tuple | list | dict):
        return False
    return any(x.is_meta for x in tensors_below(value))
