"""What a run found, as one table: events -> Results, its columns, its baseline, side by side, several runs as one."""

from attnprof.results.table import Results, gather, of_csv, of_folder, planned_on, tabulate

__all__ = ["Results", "gather", "of_csv", "of_folder", "planned_on", "tabulate"]
