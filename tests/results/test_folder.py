"""A run folder is read in parts, and says the same in parts of any size."""

from pathlib import Path

import pytest

from attnprof.records import journal
from attnprof.records.index import JournalIndex
from attnprof.records.journal import events_in
from attnprof.records.record import fold
from attnprof.results import folder as reading
from attnprof.results import of_folder

REPORTS = Path(__file__).parents[2] / "reports"
KEPT = ["20261130-networks-cpu", "20261201-runtimes-cpu", "20261201-quick-cpu"]


@pytest.mark.parametrize("name", KEPT)
def test_parts_of_one_block_are_the_whole_table(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = of_folder(REPORTS / name)
    monkeypatch.setattr(reading, "CELLS", 1)
    monkeypatch.setattr(journal, "LATEST", 3)
    parted = of_folder(REPORTS / name)
    assert parted.rows() == whole.rows()
    assert list(parted.frame.columns) == list(whole.frame.columns)
    assert (parted.notes, parted.planned) == (whole.notes, whole.planned)


@pytest.mark.parametrize("name", KEPT)
def test_parts_together_have_every_event_of_a_record_once(name: str) -> None:
    index = JournalIndex(REPORTS / name, lambda case: (case.channels, case.height, len(case.title)))
    parts = list(index.parts(2))
    events = events_in(REPORTS / name)
    assert sorted(map(repr, sum(parts, []))) == sorted(map(repr, events))
    records = [record for part in parts for record in fold(part, index.most_processes)]
    assert sorted(map(repr, records)) == sorted(map(repr, fold(events)))


@pytest.mark.parametrize("name", KEPT)
def test_no_block_is_cut(name: str) -> None:
    index = JournalIndex(REPORTS / name, lambda case: (case.channels, case.height, len(case.title)))
    sizes = [
        {(e.case.channels, e.case.height) for e in part if hasattr(e, "case")} for part in index.parts(1)
    ]
    assert all(len(of_part) == 1 for of_part in sizes)
    assert sizes == sorted(sizes, key=min)
