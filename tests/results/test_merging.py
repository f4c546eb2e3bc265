"""Merging: shards make the whole again, machines stand side by side, and what does not belong together is
refused."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from attnprof.errors import RunFolderError
from attnprof.planning import plan
from attnprof.records.codec import encode
from attnprof.records.environment import CELLS, PLACEMENTS, SHARD
from attnprof.records.journal import Journal
from attnprof.records.record import Measurement, account_event, done_event, visit_event
from attnprof.results import of_folder
from attnprof.results.merging import Part, merge
from attnprof.spec import Spec

law = settings(derandomize=True, deadline=None, max_examples=25)
CPU = {
    "run_id": "aaa",
    "started": "2026-01-02T03:04:05+00:00",
    "attnprof_version": "0.1.0",
    "torch_version": "2.13.0",
}
CPU |= {"python_version": "3.11", "device": "cpu", "device_name": "CPU one", "threads": 1}
MODULES = ("se", "eca", "none", "cbam", "sa")


def events_of(planned, seconds=1e-3):
    """What a run of ``planned`` could have found; the figures follow from the case."""
    for cell in planned.cells:
        if cell.refusal:
            yield done_event(cell.case, "skipped", cell.refusal)
            continue
        number = int(cell.case.key[:6], 16)
        low, high = 0.9 * seconds, 1.1 * seconds
        yield account_event(
            cell.case, [Measurement("params", number, "count"), Measurement("macs", 0, "count")]
        )
        yield visit_event(cell.case, 0, [Measurement("latency", seconds, "s", (low, high), "samples", 9)])
        yield done_event(cell.case, "ok")


def part(spec, name="a", seconds=1e-3, **environment):
    ran = {**CPU, "run_id": name, **environment}
    planned = plan(spec, ran["device"])
    ran |= {PLACEMENTS: list(planned.placements), CELLS: len(planned.cells), SHARD: spec.shard}
    return Part(name, spec, ran, [(event, encode(event)) for event in events_of(planned, seconds)])


def results(one):
    """The results of a folder of ``one``."""
    with tempfile.TemporaryDirectory() as folder:
        with Journal.create(Path(folder)) as journal:
            journal.begin(one.spec.to_toml(), one.environment)
            journal.copy([line for _, line in one.records])
        return of_folder(Path(folder))


def rows(one):
    found = results(one)
    return [{name: value for name, value in row.items() if name != "run_id"} for row in found.rows()]


@given(
    st.lists(st.sampled_from(MODULES), min_size=1, max_size=5, unique=True),
    st.lists(st.sampled_from(["16", "64", "100"]), min_size=1, max_size=3, unique=True),
    st.sampled_from(["1", "8,1"]),
    st.booleans(),
    st.integers(2, 5),
    st.randoms(use_true_random=False),
)
@law
def test_shards_merged_equal_the_whole(modules, channels, batch, train, shards, random):
    spec = Spec(modules=modules, channels=channels, res="7,14", batch=batch, train=train, device="cpu")
    whole = part(spec)
    shards = min(shards, len(spec.grid()) * len(spec.batches))
    parts = [
        part(spec.model_copy(update={"shard": f"{n}/{shards}"}), name=f"shard {n}")
        for n in range(1, shards + 1)
    ]
    random.shuffle(parts)
    merged = merge(parts)
    assert rows(merged) == rows(whole)
    assert merged.spec == whole.spec.effective()
    assert results(merged).planned == len(rows(whole))


def test_merging_in_steps_equals_merging_at_once():
    spec = Spec(modules=MODULES, channels="64", res="7,14,28", device="cpu")
    one, two, three = (part(spec.model_copy(update={"shard": f"{n}/3"}), name=f"s{n}") for n in (1, 2, 3))
    assert rows(merge([merge([one, two]), three])) == rows(merge([one, two, three]))


def test_each_row_says_which_run_it_is_of():
    spec = Spec(modules="se", channels="64", res="7,14", device="cpu")
    merged = merge([part(spec.model_copy(update={"shard": f"{n}/2"}), name=f"s{n}") for n in (1, 2)])
    found = results(merged)
    assert sorted(found.frame["run_id"]) == ["s1", "s2"]


def test_two_machines_stand_side_by_side():
    spec = Spec(modules="se,eca", channels="64", res="7", device="cpu")
    other = part(spec, "b", 2e-3, device_name="CPU two")
    merged = merge([part(spec), other])
    found = rows(merged)
    assert [(r["module"], r["device_name"], r["latency_s"]) for r in found] == [
        ("se", "CPU one", 1e-3), ("se", "CPU two", 2e-3), ("eca", "CPU one", 1e-3), ("eca", "CPU two", 2e-3),
    ]  # fmt: skip


def test_a_part_that_is_missing_leaves_cells_open():
    spec = Spec(modules=MODULES, channels="64", res="7,14,28", device="cpu")
    merged = merge([part(spec.model_copy(update={"shard": f"{n}/3"}), name=f"s{n}") for n in (1, 2)])
    found = results(merged)
    assert (found.planned, len(found.frame)) == (15, 10)


def test_shards_of_several_machines_are_one_whole_in_which_every_row_has_its_rivals():
    spec = Spec(modules="se,cbam", channels="64", res="7,14", device="cpu")
    first = part(spec.model_copy(update={"shard": "1/2"}), name="s1")
    second = part(spec.model_copy(update={"shard": "2/2"}), name="s2", device_name="CPU two")
    merged = merge([first, second])
    assert results(merged).planned == 4
    by_size = {}
    for row in rows(merged):
        by_size.setdefault(row["height"], set()).add((row["module"], row["device_name"]))
    assert by_size == {
        7: {("se", "CPU two"), ("cbam", "CPU two")},
        14: {("se", "CPU one"), ("cbam", "CPU one")},
    }


def test_two_gpus_of_one_machine_are_alike():
    spec = Spec(modules="se,cbam", channels="64", res="7,14", device="cuda")
    first = part(spec.model_copy(update={"shard": "1/2"}), name="s1", device="cuda:0")
    second = part(spec.model_copy(update={"shard": "2/2"}), name="s2", device="cuda:1")
    merged = merge([first, second])
    assert (results(merged).planned, {row["device"] for row in rows(merged)}) == (4, {"cuda"})


def test_shards_on_two_kinds_of_device_are_two_wholes():
    spec = Spec(modules="se,cbam", channels="64", res="7,14", device="cpu")
    first = part(spec.model_copy(update={"shard": "1/2"}), name="s1")
    second = part(spec.model_copy(update={"shard": "2/2"}), name="s2", device="cuda:0")
    assert results(merge([first, second])).planned == 8


def test_the_same_run_twice_counts_once():
    spec = Spec(modules="se,eca", channels="64", res="7", device="cpu")
    one = part(spec)
    assert rows(merge([one, one])) == rows(one)


SPEC = Spec(modules="se,eca", channels="64", res="7", device="cpu")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"batch": (1, 8)}, "b does not belong with a: grid.batch is 1,8, not 1"),
        ({"dtype": "bf16"}, "b does not belong with a: measure.dtype is bf16, not fp32"),
        ({"modules": ("se",)}, "b does not belong with a: grid.modules is se, not se,eca"),
        ({"tf32": True}, "b does not belong with a: measure.tf32 is True, not False"),
        (
            {"cudnn_benchmark": True},
            "b does not belong with a: measure.cudnn_benchmark is True, not False",
        ),
        (
            {"compile_mode": "max-autotune"},
            "b does not belong with a: measure.compile_mode is max-autotune, not None",
        ),
        ({"seed": 3}, "b does not belong with a: measure.seed is 3, not 0"),
    ],
)
def test_runs_that_were_asked_other_things_are_refused(changes, says):
    with pytest.raises(RunFolderError) as caught:
        merge([part(SPEC, device="cuda:0"), part(SPEC.model_copy(update=changes), "b", device="cuda:0")])
    assert str(caught.value) == says


@pytest.mark.parametrize(
    "changes", [{"time_budget": 3.0}, {"timeout": 3.0}, {"name": "x"}, {"device": "auto"}]
)
def test_how_long_a_run_was_given_keeps_nothing_apart(changes):
    other = part(SPEC.model_copy(update=changes), "b", device_name="CPU two")
    assert len(rows(merge([part(SPEC), other]))) == 4


def test_runs_of_two_versions_are_refused():
    with pytest.raises(
        RunFolderError, match=r"^b does not belong with a: attnprof_version: 0\.1\.0 and 0\.2\.0$"
    ):
        merge([part(SPEC), part(SPEC, "b", attnprof_version="0.2.0")])


def test_two_runs_of_one_case_on_one_machine_that_disagree_are_refused():
    with pytest.raises(RunFolderError, match=r"^se@64@7 is in a and in b, and they disagree: "):
        merge([part(SPEC), part(SPEC, "b", 2e-3)])


def test_machines_that_count_differently_are_refused():
    other = part(SPEC, "b", device_name="CPU two")
    (first, line), *rest = other.records
    first = changed(first, measurements=tuple(changed(each, value=1) for each in first.measurements))
    with pytest.raises(RunFolderError, match=r"^se@64@7: the runs disagree about params: \d+, 1$"):
        merge([part(SPEC), replace(other, records=[(first, line), *rest])])


def test_a_users_module_of_two_files_is_refused():
    other = part(SPEC, "b", device_name="CPU two")
    records = [
        (changed(event, case=replace(event.case, source="f00")) if hasattr(event, "case") else event, line)
        for event, line in other.records
    ]
    with pytest.raises(RunFolderError, match="^se is another file in one of the runs"):
        merge([part(SPEC), replace(other, records=records)])


def test_a_merged_folder_is_a_run_folder_like_any_other(tmp_path):
    merged = merge([part(SPEC), part(SPEC, "b", 2e-3, device_name="CPU two")])
    with Journal.create(tmp_path / "m") as journal:
        journal.begin(merged.spec.to_toml(), merged.environment)
        journal.copy([line for _, line in merged.records])
    shown = of_folder(tmp_path / "m")
    found = [{name: value for name, value in row.items() if name != "run_id"} for row in shown.rows()]
    assert found == rows(merged)
    assert shown.planned == 4
