"""What a module is called with, as text: '1x3x224x224', 'q=1x196x64,k=1x196x64', 'ids=int64[30522]:1x128'.

    INPUTS  = INPUT { "," INPUT }
    INPUT   = [ NAME "=" ] ( [ DTYPE [ "[" BOUND "]" ] ":" ] SIDES | NUMBER )
    SIDES   = NUMBER { "x" NUMBER }

A number by itself is that number; with a dtype before it it is the one side of a tensor. Whole numbers lie
below BOUND.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from attnprof.errors import UsageError

_SHORT = {
    "fp16": "float16",
    "bf16": "bfloat16",
    "fp32": "float32",
    "fp64": "float64",
    "int": "int64",
    "long": "int64",
    "float": "float32",
}
DTYPES = (
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    *("bool", "uint8", "int8", "int16", "int32", "int64"),
)
_INPUT = re.compile(
    r"(?:(?P<name>[A-Za-z_]\w*)=)?(?:(?P<dtype>[a-z]+\d*)(?:\[(?P<bound>\d+)\])?:)?(?P<sides>\d+(?:x\d+)*)"
)
MOST_DIGITS = 18  # of a side, a bound or a number: torch's integers have 64 bits
EXAMPLES = "write 1x3x224x224, q=1x196x64,k=1x196x64 or ids=int64[30522]:1x128"


@dataclass(frozen=True)
class TensorInput:
    """A tensor that a module is called with."""

    shape: tuple[int, ...]
    dtype: str = ""  # of DTYPES; '' for that of the module's parameters
    bound: int | None = None  # of whole numbers: all are below it


@dataclass(frozen=True)
class InputTexts:
    """The arguments of a call, read from text."""

    positional: tuple[TensorInput | int, ...]
    named: Mapping[str, TensorInput | int] = field(default_factory=dict)


def parse_inputs(text: str) -> InputTexts:
    """The arguments that ``text`` means. Raises UsageError, in words for the user."""
    positional: list[TensorInput | int] = []
    named: dict[str, TensorInput | int] = {}
    for part in text.replace(" ", "").split(","):
        match = _INPUT.fullmatch(part)
        if match is None:
            raise UsageError(f"input {part!r} is not understood; {EXAMPLES}")
        name, value = match["name"], _value(match)
        if name is None and named:
            raise UsageError(f"input {part!r} has no name and stands behind one that has; {EXAMPLES}")
        if name in named:
            raise UsageError(f"input {name!r} is there twice")
        if name is None:
            positional.append(value)
        else:
            named[name] = value
    return InputTexts(tuple(positional), named)


def _value(match: re.Match[str]) -> TensorInput | int:
    longest = max(map(len, re.findall(r"\d+", match[0])))
    if longest > MOST_DIGITS:
        raise UsageError(
            f"input of a number of {longest} digits: torch has room for {MOST_DIGITS}; {EXAMPLES}"
        )
    sides = tuple(map(int, match["sides"].split("x")))
    if match["dtype"] is None:
        return sides[0] if len(sides) == 1 else TensorInput(sides)
    dtype = _SHORT.get(match["dtype"], match["dtype"])
    if dtype not in DTYPES:
        raise UsageError(f"input {match[0]!r}: no dtype {match['dtype']!r}. There are: {', '.join(DTYPES)}")
    bound = None if match["bound"] is None else int(match["bound"])
    if bound is not None and (bound == 0 or "int" not in dtype):
        raise UsageError(f"input {match[0]!r}: a bound is of whole numbers, and at least 1")
    return TensorInput(sides, dtype, bound)
