"""Arithmetic that a module's entry states as text: closed forms, limits and the sentences around them.

The text is part of a module's source file and as trusted as that file; text that a user types is never
evaluated. As text it can be shown, evaluated and fitted without importing torch.
"""

import ast
import re
from collections.abc import Mapping
from functools import cache
from math import ceil, floor, log, log2, sqrt
from types import CodeType
from typing import Any


def stage(height: int, width: int) -> int:
    """The stage, 0 to 3, of a pyramid network with maps of 56, 28, 14 and 7 pixels, nearest on a log scale.

    Settings that papers give by stage (windows, strides, heads) follow from the map's size through this.
    """
    return min(3, max(0, round(log2(56 / min(height, width)))))


FUNCTIONS = {f.__name__: f for f in (abs, ceil, floor, int, len, log, log2, max, min, round, sqrt, stage)}
_GLOBALS: dict[str, Any] = {"__builtins__": {}, **FUNCTIONS}


@cache
def _compiled(text: str) -> CodeType:
    return compile(text.strip(), f"<formula {text}>", "eval")


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of ``text`` where its symbols have the values in ``names``.

    Raises NameError for a symbol that is neither there nor one of FUNCTIONS.
    """
    return eval(_compiled(text), _GLOBALS, names)


@cache
def symbols(text: str) -> frozenset[str]:
    """The names that ``text`` depends on, functions excluded."""
    nodes = ast.walk(ast.parse(text.strip(), mode="eval"))
    return frozenset({node.id for node in nodes if isinstance(node, ast.Name)} - FUNCTIONS.keys())


def fill(sentence: str, names: Mapping[str, Any]) -> str:
    """``sentence`` with each ``{expression}`` replaced by its value."""
    return re.sub(r"\{([^{}]+)\}", lambda expression: str(evaluate(expression[1], names)), sentence)
