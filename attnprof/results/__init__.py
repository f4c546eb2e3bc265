"""Events of a run as one table: its columns, its baseline, rows side by side, several runs as one."""

from attnprof.results import _room as _room  # before pandas
from attnprof.results.folder import of_folder, read_run
from attnprof.results.sheet import of_csv
from attnprof.results.table import Results, gather, tabulate

__all__ = ["Results", "gather", "of_csv", "of_folder", "read_run", "tabulate"]
