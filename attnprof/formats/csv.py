"""CSV: every column in base units, exact digits, a missing value empty."""

from attnprof.formats import Format, Look
from attnprof.results import USERS, Results, safe_text


def render(results: Results, look: Look) -> tuple[str, list[str]]:
    """The frame as CSV; texts that a spreadsheet would run are quoted."""
    results.require(look.columns)
    frame = results.frame[list(look.columns)] if look.columns else results.frame
    safe = frame.copy()
    for name in [name for name in USERS if name in safe.columns]:
        safe[name] = safe[name].map(safe_text)
    return safe.to_csv(index=False, lineterminator="\n").rstrip("\n"), []


FORMAT = Format(help="every column, base units", render=render)
