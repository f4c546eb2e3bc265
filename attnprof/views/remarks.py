"""What is to be said of single rows: how they ended, what disturbed them; once where most rows share it."""

from collections import Counter
from collections.abc import Sequence, Set

from attnprof.records.record import FLAGS, HOT, REMARKED
from attnprof.results.columns import Row, title

MOST = 0.5  # share of the rows from which on a remark stands below the table, and not beside each row


def remarks_of(lines: Sequence[Sequence[Row]], rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """Of each line the numbers of its footnotes; and the footnotes.

    lines: the rows that stand on each. rows: all those of the results, also such as are not shown.
    """
    shared = _shared_reasons(rows)
    texts_of = {id(row): _texts(row, shared) for line in [*lines, rows] for row in line}
    common = _common([texts_of[id(row)] for row in rows])
    texts = [[text for row in line for text in texts_of[id(row)] if text not in common] for line in lines]
    marks, footnotes = _numbered(texts)
    return marks, [*(f"{_share(count, len(rows))}: {text}" for text, count in common.items()), *footnotes]


def reasons_of(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """The same of how ``rows`` ended alone."""
    shared = _shared_reasons(rows)
    return _numbered([_reasons(row, shared) for row in rows])


def _shared_reasons(rows: Sequence[Row]) -> Set[str]:
    """The reasons that several modules have: they are about none of them."""
    modules: dict[str, set[str]] = {}
    for row in rows:
        if row["reason"]:
            modules.setdefault(row["reason"], set()).add(title(row))
    return {reason for reason, titles in modules.items() if len(titles) > 1}


def _numbered(texts_of_lines: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    numbers: dict[str, int] = {}
    marks = []
    for texts in texts_of_lines:
        own = sorted({numbers.setdefault(text, len(numbers) + 1) for text in texts})
        marks.append(" ".join(f"[{number}]" for number in own))
    return marks, [f"[{number}] {text}" for text, number in numbers.items()]


def _common(texts_of_rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """What is to be said of most rows, where there are several; and of how many."""
    rows = len(texts_of_rows)
    counts = Counter(text for texts in texts_of_rows for text in texts)
    return {text: count for text, count in counts.items() if rows > 1 and count > MOST * rows}


def _share(count: int, rows: int) -> str:
    return "every row" if count == rows else f"{count} of {rows} rows"


def _texts(row: Row, shared: Set[str]) -> list[str]:
    """The reason of its end, how it was called, what each of its flags means."""
    remark = remark_of(row)
    silent = {HOT, *(REMARKED if remark else ())}  # of these the caption and the remarks speak
    flags = [flag for flag in str(row.get("flags") or "").split() if flag not in silent]
    return [*_reasons(row, shared), *filter(None, [remark]), *(meaning_of(flag) for flag in flags)]


def remark_of(row: Row) -> str:
    """How a module of the user's was built and called, and what it gives; empty for any other."""
    return f"{title(row)}: {row['remarks']}" if row.get("remarks") else ""


def _reasons(row: Row, shared: Set[str]) -> list[str]:
    reason = row["reason"]
    if not reason:
        return []
    return [reason if reason in shared else f"{title(row)}: {reason}"]


def meaning_of(flag: str) -> str:
    """A flag and what it says."""
    return f"{flag}: {FLAGS.get(flag, 'a flag of another version')}"
