"""CSV files that are nearly a results.csv: other cells, columns, rows, delimiters and encodings."""

import csv
import io
from collections.abc import Mapping
from random import Random

from attnprof.cli import COMMANDS
from tests.faults.arena import LATER, SHEET, Content
from tests.faults.commands import surroundings, words
from tests.faults.texts import HOSTILE, LETTERS, Writer
from tests.faults.trial import Input

FILE = "sheet.csv"
CELLS = (
    *HOSTILE, "nan", "NaN", "inf", "-inf", "1e400", "-1e400", "1e-400", "0", "-1", "True", "false", "None", "9" * 400, "1.5",
    "=1+1", "=cmd()", "@x", "ok", "failed", "skipped", "train", "cuda", "se", "16", "8", "2**3", "1 000", "0.1 ms", "[1,2]",
)  # fmt: skip
LINES = (
    ("table",),
    ("table",),
    ("pick",),
    ("report", "-o", "page.html"),
    ("plot", "-o", "x.svg"),
    ("diff", LATER),
    ("merge", LATER),
)
ENCODINGS = ("utf-16", "utf-8-sig", "latin-1", "utf-32")
Rows = list[list[str]]


def draw(random: Random, files: Mapping[str, Content]) -> Input:
    """A CSV, and a command that reads it, from a file or from standard input."""
    sheet = files[f"here/{SHEET}"]
    assert isinstance(sheet, bytes)
    content = _content(random, list(csv.reader(io.StringIO(sheet.decode()))))
    command, *arguments = random.choice(LINES)
    if random.random() < 0.4:
        without = ("run", "before", "after", "output")
        arguments += words(Writer(random, command), COMMANDS.get(command), without)
    surrounding = surroundings(random)
    if random.random() < 0.3:
        return Input((command, "-", *arguments), stdin=content, **surrounding)
    return Input((command, FILE, *arguments), files={FILE: content}, **surrounding)


def _content(random: Random, rows: Rows) -> bytes:
    for _ in range(random.choice((1, 1, 2, 4))):
        rows = _changed(random, rows)
    text = io.StringIO()
    delimiter = "," if random.random() < 0.95 else random.choice(";\t|")
    csv.writer(text, delimiter=delimiter, lineterminator=random.choice(("\n", "\n", "\r\n"))).writerows(rows)
    encoding = "utf-8" if random.random() < 0.92 else random.choice(ENCODINGS)
    content = text.getvalue().encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
    return _damaged(random, content) if random.random() < 0.3 else content


def _changed(random: Random, rows: Rows) -> Rows:
    """``rows`` with another cell, column or row."""
    if not rows or not rows[0]:
        return rows
    row, column = random.randrange(len(rows)), random.randrange(len(rows[0]))
    match random.randrange(9):
        case 0:  # a column is gone
            return [line[:column] + line[column + 1 :] for line in rows]
        case 1:  # a column is there twice
            return [[*line, *line[column : column + 1]] for line in rows]
        case 2:  # a column has another name
            header = list(rows[0])
            header[column] = random.choice((*CELLS, *rows[0], rows[0][column].upper()))
            return [header, *rows[1:]]
        case 3:  # a column holds one value
            value = random.choice(CELLS)
            return [rows[0], *([*line[:column], value, *line[column + 1 :]] for line in rows[1:])]
        case 4:  # rows are in another order, twice or gone
            return [rows[0], *random.choices(rows[1:] or rows, k=random.choice((0, 1, 5)))]
        case 5:  # a row is shorter or longer
            return [*rows[:row], random.choice((rows[row][:column], [*rows[row], "x"], [])), *rows[row + 1 :]]
    changed = [list(line) for line in rows]
    if column < len(changed[row]):
        changed[row][column] = random.choice(CELLS)
    return changed


def _damaged(random: Random, content: bytes) -> bytes:
    at = random.randrange(len(content) + 1)
    match random.randrange(4):
        case 0:
            return content[:at]
        case 1:
            return content[:at] + b"\x00" + content[at:]
        case 2:
            return content[:at] + b'"' + content[at:]
    return content[:at] + random.choice(LETTERS).encode() * random.choice((1, 200_000)) + content[at:]
