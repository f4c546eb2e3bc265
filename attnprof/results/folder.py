"""The results of a run folder, read in parts of some hundred cells: memory does not grow with the journal."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from attnprof.records.environment import Environment
from attnprof.records.files import file_in
from attnprof.records.index import JournalIndex
from attnprof.records.journal import SPEC, environment_in, events_in
from attnprof.results.outline import Outline, outline_of_journal, says_placements
from attnprof.results.table import Results, TablePart, joined_parts, part_of
from attnprof.spec.file import recorded

CELLS = 500  # of a part at least, where a run has more


def of_folder(folder: Path) -> Results:
    """The results of a run folder. Raises RunFolderError, or SpecError for a damaged spec.toml.

    Nothing that the run names is looked up or imported.
    """
    environment = environment_in(folder)
    return joined_parts(list(FolderParts(folder, outline_of_folder(folder, environment), environment)))


def read_run(folder: str | Path) -> Results:
    """The results of a run folder, also of one that is not finished, or that somebody else made.

    Nothing that the run names is looked up or imported. Raises RunFolderError, or SpecError for a damaged
    spec.toml.
    """
    return of_folder(Path(folder))


class FolderParts:
    """The results of a run folder in parts, in the order of its outline; an empty one where there is no
    record."""

    def __init__(self, folder: Path, outline: Outline, environment: Environment) -> None:
        self._index = JournalIndex(folder, outline.position)
        self._outline = replace(outline, cells=max(outline.cells, self._index.cases))
        self._environment = environment

    @property
    def planned(self) -> int:
        """Cells of the whole run, finished or not."""
        return self._outline.cells

    def __iter__(self) -> Iterator[TablePart]:
        most = self._index.most_processes
        is_empty = True
        for events in self._index.parts(CELLS):
            is_empty = False
            yield part_of(events, self._outline, self._environment, most)
        if is_empty:
            yield part_of([], self._outline, self._environment)


def outline_of_folder(folder: Path, environment: Environment) -> Outline:
    """The rows of the run in a folder. Runs of older versions do not say their placements: their cases do."""
    spec = recorded(file_in(folder, SPEC))
    return outline_of_journal(spec, environment, () if says_placements(environment) else events_in(folder))
