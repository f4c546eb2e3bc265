"""What is printed where the encoding has only ASCII's characters."""

WORDS = {
    "±": "+-", "µ": "u", "≈": "~", "≥": ">=", "×": "x", "–": "-", "’": "'",  # what is replaced
    "\u202f": " ", "\u00a0": " ", "█": "#", "▸": ">",
}  # fmt: skip
_TABLE = str.maketrans(WORDS)


def ascii_of(text: str) -> str:
    """``text`` in ASCII: '178 us +- 4 %'; a character that is not foreseen is a question mark."""
    return text.translate(_TABLE).encode("ascii", "replace").decode("ascii")
