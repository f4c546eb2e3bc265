"""The kinds of values that an argument takes, by its annotation and its default."""

import re
from types import NoneType

from attnprof.catalogue.description import Argument

_SEQUENCES = ("tuple", "Tuple", "list", "List", "Sequence", "Iterable", "Collection")
_KINDS: dict[str, type] = {
    **{"int": int, "float": float, "bool": bool, "str": str},
    **dict.fromkeys(("None", "NoneType", "Optional"), NoneType),
    **dict.fromkeys(_SEQUENCES, tuple),
}
_NO_KIND = frozenset(("Union", "typing", "t", "collections", "abc"))  # other words that annotations need
_ELEMENTS = re.compile(rf"\b({'|'.join(_SEQUENCES)})\[[^\[\]]*\]")
_IN_WORDS: dict[type, str] = {
    **{bool: "true or false", int: "a whole number", float: "a number", str: "a text"},
    **{tuple: "a sequence", NoneType: "none"},
}


def kinds_of(argument: Argument) -> frozenset[type]:
    """The kinds of values that ``argument`` takes, of those that a setting can have: a sequence is a tuple.
    Empty where it may take any."""
    annotated = annotated_kinds(argument.annotation)
    if not argument.has_default or not argument.is_plain:
        return annotated
    if argument.annotation:
        return annotated and annotated | {type(argument.default)}
    if argument.default is None or isinstance(argument.default, tuple):
        return frozenset()
    # Where a number is usual, two may stand: kernel_size=(1,7).
    sequences = {tuple} if type(argument.default) in (int, float) else set()
    return frozenset({type(argument.default), NoneType, *sequences})


def annotated_kinds(annotation: str) -> frozenset[type]:
    """The kinds of values that an annotation names; empty where it is none, or names others."""
    text = annotation
    while (shorter := _ELEMENTS.sub(r"\1", text)) != text:
        text = shorter
    words = set(re.findall(r"[A-Za-z_]\w*", text)) - _NO_KIND
    return frozenset() if words - _KINDS.keys() else frozenset(_KINDS[word] for word in words)


def takes_list(argument: Argument) -> bool:
    """Whether a sequence is a list there."""
    return argument.is_list or bool(re.match(r"(typing\.)?[lL]ist\b", argument.annotation))


def in_words(kinds: frozenset[type]) -> str:
    """The kinds in words: 'a whole number or none'."""
    return " or ".join(words for kind, words in _IN_WORDS.items() if kind in kinds)
