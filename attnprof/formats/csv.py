"""CSV: every column in base units, exact digits, a missing value empty."""

import pandas as pd

from attnprof.formats import Format, Look
from attnprof.results import Results
from attnprof.results.header import USERS
from attnprof.results.pivot import flat
from attnprof.results.table import safe_text


def render(results: Results, look: Look) -> tuple[str, list[str]]:
    """The frame as CSV; texts that a spreadsheet would run are quoted."""
    results.require(look.columns)
    lines = [values for values, _ in flat(results, look.columns, look.pivot)]
    header = (
        None if lines else list(look.columns or results.frame.columns)
    )  # a run without rows keeps its header
    frame = pd.DataFrame(lines, columns=header, dtype=object)
    for name in [name for name in frame.columns if name.partition("@")[0] in USERS]:
        frame[name] = frame[name].map(safe_text)
    return frame.to_csv(index=False, lineterminator="\n").rstrip("\n"), []


FORMAT = Format(help="every column, base units", render=render)
