"""Texts of strangers: characters on which a terminal, a spreadsheet or a file's format would act.

A folder, a path and an error message may hold any. Where people read them they are spelled: ``\\x1b``; in a
CSV so that they are read back.
"""

import re
import sys
from functools import lru_cache

# Control characters (C0, DEL, C1), separators of lines, marks of the direction of writing, half characters.
ACTING = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # so begins what a spreadsheet would run
SPACES, QUOTES = {"\u202f": " ", "\u00a0": " "}, {"‘": "'", "’": "'", "“": '"', "”": '"'}
SIGNS = {"±": "+-", "µ": "u", "≈": "~", "≥": ">=", "≤": "<=", "×": "x", "−": "-", "°": "deg ", "→": "->"}
LINES = {"–": "-", "—": "-", "…": "...", "─": "-", "│": "|", "├": "|", "└": "`"}
BARS = {"█": "#", "▸": ">", **dict.fromkeys("▏▎▍", "|"), **dict.fromkeys("▌▋▊▉", "#")}
ASCII = str.maketrans({**SPACES, **QUOTES, **SIGNS, **LINES, **BARS})  # what stands for what is not in it


def printable(text: str) -> str:
    """``text`` as one line that nothing acts on: a line break is ``\\n``, an escape ``\\x1b``."""
    return text if text.isprintable() else re.sub(f"[{ACTING}]", _spell, text)


def printable_lines(text: str, styles: bool = False) -> str:
    """The same of a text whose line breaks and tabs are our own. styles: so are its sequences for colours."""
    if text.replace("\n", "").replace("\u202f", "").isprintable():
        return text  # as most are: no pattern is compiled for them
    ours = r"\x1b\[[0-9;]*m|[\n\t]" if styles else r"[\n\t]"
    return re.sub(rf"({ours})|[{ACTING}]", lambda match: match[1] or _spell(match), text)


def ascii_of(text: str) -> str:
    """``text`` for an encoding that has nothing else: '178 us +- 4 %'; a letter of no replacement is '?'."""
    return text.translate(ASCII).encode("ascii", "replace").decode("ascii")


def _spell(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


@lru_cache(maxsize=2**14)  # a table says most texts many times
def csv_cell(text: str, ascii_only: bool = False) -> str:
    """``text`` as the cell of a CSV: on one line, and no formula. ``from_csv_cell`` gives it back."""
    acting = r"[^\x20-\x7e]" if ascii_only else f"[{ACTING}]"
    # A backslash that would be read as the beginning of a spelling is spelled, too.
    spelled = re.sub(rf"{acting}|\\(?=u{{)", _spell_in_csv, text)
    return f"'{spelled}" if _is_formula(spelled) else spelled


def from_csv_cell(cell: str) -> str:
    """The text that ``csv_cell`` wrote."""
    is_quoted = cell.startswith("'") and _is_formula(cell)
    text = cell[1:] if is_quoted else cell
    return re.sub(r"\\u\{([0-9a-f]{1,6})\}", _character, text) if "\\u{" in text else text


def _is_formula(text: str) -> bool:
    """Whether it begins one, behind any quotes: a quoted text is quoted once more."""
    return text.lstrip("'").startswith(FORMULA)


def _spell_in_csv(match: re.Match[str]) -> str:
    return f"\\u{{{ord(match[0]):x}}}"


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number <= sys.maxunicode else match[0]
