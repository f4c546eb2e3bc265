"""The closed forms of one module as lines of its page, broken where a formula may be."""

from collections.abc import Sequence
from textwrap import wrap

from attnprof.explaining.explanation import Form

INDENT = "  "
EVERY_SIZE = "every size it takes"
_UNBROKEN = "\0"


def written(forms: Sequence[Form], width: int, batch: int = 1) -> str:
    """The closed forms, one piece after the other, and on how many sizes they were tried."""
    of_a_batch = f", of a batch of {batch}" if batch > 1 else ""
    lines = [f"Closed forms in C, H and W{of_a_batch}"]
    titles = max(len(form.quantity) for form in forms)
    for form in forms:
        lines += _form_lines(form, titles, width)
    if any(form.pieces for form in forms):
        lines += ["", *wrap(_trials(forms), width)]
    return "\n".join(lines)


def _form_lines(form: Form, titles: int, width: int) -> list[str]:
    """The quantity and its pieces, then the sizes at which none of them holds.

    titles: the characters of the longest quantity's name.
    """
    title = f"{INDENT}{form.quantity:{titles}}  "
    blank = " " * len(title)
    lines: list[str] = []
    for piece in form.pieces:
        where = f"for {piece.where or EVERY_SIZE}"
        lines += _wrapped(piece.polynomial, where, width, blank if lines else title, blank)
    for note in _exceptions(form):
        lines += wrap(note, width, initial_indent=blank if lines else title, subsequent_indent=blank)
    return lines


def _exceptions(form: Form) -> list[str]:
    """Where none of the pieces holds."""
    notes = []
    if form.more:
        notes.append(f"elsewhere other polynomials, as at {', '.join(form.more)}")
    if form.without:
        notes.append(f"none found at {', '.join(form.without)}")
    return notes


def _trials(forms: Sequence[Form]) -> str:
    """On how many sizes the pieces were solved for, and tried."""
    pieces = [piece for form in forms for piece in form.pieces]
    most = max(piece.fitted for piece in pieces)
    least = min(piece.held for piece in pieces)
    sizes = f"{most} sizes" if most > 1 else "1 size"
    solved = f"Solved for on up to {sizes}; each held at {least} others or more"
    return f"{solved}, up to 8192 channels and 512x512."


def _wrapped(polynomial: str, where: str, width: int, before: str, rest: str) -> list[str]:
    """A polynomial with its condition behind it or on a line of its own.

    Broken only before a sign, if it has to be.
    """
    whole = f"{before}{polynomial}"
    if len(whole) + len(where) + 4 <= width:
        return [f"{whole}    {where}".rstrip()]
    below = rest + INDENT
    for depth in range(polynomial.count("(") + 1):  # outside of parentheses, if that is enough
        breakable = _breakable(polynomial, depth)
        lines = wrap(breakable, width, initial_indent=before, subsequent_indent=below, break_long_words=False)
        if max(map(len, lines)) <= width:
            break
    lines = [line.replace(_UNBROKEN, " ") for line in lines]
    return [*lines, *wrap(where, width, initial_indent=below, subsequent_indent=below)]


def _breakable(polynomial: str, depth: int) -> str:
    """``polynomial`` with spaces only before signs that are in no more than ``depth`` parentheses."""
    text, inside = "", 0
    for letter, following in zip(polynomial, f"{polynomial[1:]} ", strict=True):
        inside += (letter == "(") - (letter == ")")
        text += _UNBROKEN if letter == " " and (following not in "+-" or inside > depth) else letter
    return text
