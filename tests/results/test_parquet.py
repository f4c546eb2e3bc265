"""A table as Parquet has the types and the very texts of its frame."""

import pytest

from attnprof.formats import FORMATS, Look
from attnprof.results.parquet import write_apart, write_parquet
from attnprof.views.run import document
from tests import synthetic

parquet = pytest.importorskip("pyarrow.parquet")


def test_it_has_what_the_frame_has(tmp_path):
    results = synthetic.results(modules="se,eca,ge", points="64@14,128@7", set="se.reduction=8,16")
    results.frame.loc[0, "reason"] = "=1+1 \\u{1b} ü"  # what a spreadsheet or a terminal would act on
    (tmp_path / "results.csv").write_text(
        FORMATS.get("csv").write(document(results), Look()).text + "\n", encoding="utf-8"
    )
    write_parquet(tmp_path / "results.csv", tmp_path / "results.parquet")
    table = parquet.read_table(tmp_path / "results.parquet").to_pydict()
    for name, column in table.items():
        of_frame = results.frame[name].tolist()
        assert [value if value is not None else "" for value in of_frame] == [
            value if value is not None else "" for value in column
        ], name
    assert {type(value) for value in table["macs"]} == {int}
    assert {type(value) for value in table["latency_s"]} == {float}


def test_a_process_of_its_own_writes_the_same_and_says_what_went_wrong(tmp_path):
    text = FORMATS.get("csv").write(document(synthetic.results(modules="se", points="64@14")), Look()).text
    (tmp_path / "results.csv").write_text(text + "\n", encoding="utf-8")
    assert write_apart(tmp_path / "results.csv", tmp_path / "apart.parquet") == ""
    write_parquet(tmp_path / "results.csv", tmp_path / "here.parquet")
    tables = [parquet.read_table(tmp_path / f"{name}.parquet") for name in ("apart", "here")]
    assert tables[0].equals(tables[1])
    assert "FileNotFoundError" in write_apart(tmp_path / "nothing.csv", tmp_path / "no.parquet")
