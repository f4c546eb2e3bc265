"""Texts of strangers: characters on which a terminal, a spreadsheet or a file's format would act.

A folder, a path and an error message may hold any. Where people read them they are spelled: ``\\x1b``; in a
CSV so that they are read back.
"""

import re
import sys

# Control characters (C0, DEL, C1), separators of lines, marks of the direction of writing, half characters.
ACTING = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_ACTING = re.compile(f"[{ACTING}]")
_ACTING_IN_LINES = re.compile(rf"(\x1b\[[0-9;]*m)|(?![\n\t])[{ACTING}]")
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # what a spreadsheet would run begins so
# In a CSV: what is spelled, and a backslash that would be read as a spelling.
_SPELLED_IN_CSV = re.compile(rf"[{ACTING}]|\\(?=u{{)")
_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]|\\(?=u{)")
_SPELLING = re.compile(r"\\u\{([0-9a-f]{1,6})\}")


def printable(text: str) -> str:
    """``text`` as one line that nothing acts on: a line break is ``\\n``, an escape ``\\x1b``."""
    return text if text.isprintable() else _ACTING.sub(_spell, text)


def printable_lines(text: str, styles: bool = False) -> str:
    """The same of a text whose line breaks and tabs are our own. styles: so are its sequences for colours."""

    def spell(match: re.Match[str]) -> str:
        return match[0] if match[1] and styles else _ACTING.sub(_spell, match[0])

    return _ACTING_IN_LINES.sub(spell, text)


def _spell(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def csv_cell(text: str, ascii_only: bool = False) -> str:
    """``text`` as the cell of a CSV: on one line, and no formula. ``from_csv_cell`` gives it back."""
    spelled = (_BEYOND_ASCII if ascii_only else _SPELLED_IN_CSV).sub(_spell_in_csv, text)
    return f"'{spelled}" if _is_formula(spelled) else spelled


def from_csv_cell(cell: str) -> str:
    """The text that ``csv_cell`` wrote."""
    is_quoted = cell.startswith("'") and _is_formula(cell)
    return _SPELLING.sub(_character, cell[1:] if is_quoted else cell)


def _is_formula(text: str) -> bool:
    """Whether it begins one, behind any quotes: a quoted text is quoted once more."""
    return text.lstrip("'").startswith(FORMULA)


def _spell_in_csv(match: re.Match[str]) -> str:
    return f"\\u{{{ord(match[0]):x}}}"


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number <= sys.maxunicode else match[0]
