"""The run folder keeps every event that was written, whatever cut it off, and says what is wrong with one
that is damaged."""

import errno
import fcntl
import json
import os
import shutil
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from attnprof.errors import DamagedRecord, EnvironmentProblem, RunFolderError
from attnprof.records.case import Case, key_of
from attnprof.records.checks import OF_UNIT
from attnprof.records.codec import encode
from attnprof.records.journal import (
    ENVIRONMENT,
    EVENTS,
    LOCK,
    SPEC,
    Journal,
    environment_in,
    events_in,
    new_folder,
    newest_folder,
    require_spec,
)
from attnprof.records.record import (
    DeviceState,
    Footprint,
    Measurement,
    account_event,
    done_event,
    visit_event,
)

law = settings(derandomize=True, deadline=None, max_examples=40)

texts = st.text(max_size=8)  # lone surrogates too: a reason may be the name of a file
whole = st.integers(0, 2**40)
numbers = st.integers(-(2**190), 2**190) | st.floats(1e-50, 1e50) | st.floats(-1e50, -1e-50)
values = st.booleans() | numbers | texts
sizes = st.integers(1, 2**31 - 1)
cases = st.builds(
    Case,
    module=texts,
    channels=sizes,
    height=sizes,
    width=sizes,
    hyperparameters=st.dictionaries(texts, st.none() | values | st.floats(allow_nan=False), max_size=3),
    variant=texts,
)
amounts = st.integers(0, 2**190) | st.floats(1e-50, 1e50)
intervals = st.none() | st.lists(numbers, min_size=2, max_size=2).map(lambda ends: tuple(sorted(ends)))
measurements = st.one_of(
    st.builds(Measurement, texts, amounts, st.sampled_from(list(OF_UNIT)), intervals, texts, whole, texts),
    st.builds(
        Measurement, texts, st.booleans() | amounts | texts, st.just(""), intervals, texts, whole, texts
    ),
    st.builds(
        Measurement, texts, st.none(), st.sampled_from(["", *OF_UNIT]), note=st.text(min_size=1, max_size=8)
    ),
)
some = st.lists(measurements, max_size=2)
footprints = st.builds(Footprint, whole, whole, whole, texts)
states = st.builds(DeviceState, numbers, numbers, st.none() | numbers, st.none() | numbers)
flags = st.lists(texts, max_size=2)
events = (
    st.builds(account_event, cases, some, flags, footprints)
    | st.builds(visit_event, cases, st.integers(0, 9), some, flags, st.none() | states)
    | st.builds(done_event, cases, st.just("failed"), st.text(min_size=1, max_size=8))
)
THREE = [done_event(Case("se", channels, 7, 7), "ok") for channels in (16, 32, 64)]


def write(folder, events):
    with Journal.create(folder) as journal:
        journal.begin("", {})
        for event in events:
            journal.append(event)
    return folder


@given(st.lists(events, max_size=5))
@law
def test_what_is_appended_is_read_back(events):
    with tempfile.TemporaryDirectory() as root:
        assert events_in(write(Path(root) / "run", events)) == events


@given(st.lists(events, min_size=1, max_size=4), events, st.data())
@law
def test_a_file_cut_off_anywhere_keeps_its_whole_lines_and_goes_on(before, after, data):
    with tempfile.TemporaryDirectory() as root:
        folder = write(Path(root) / "run", before)
        path = folder / EVENTS
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        kept = before[: whole[:cut].count(b"\n")]
        assert events_in(folder) == kept
        with Journal(folder) as journal:
            journal.append(after)
        assert events_in(folder) == [*kept, after]


def test_real_events_are_read_back(tmp_path):
    case = Case("cbam", 64, 7, 7, {"reduction": 8}, "reduction=8")
    told = [
        account_event(case, [Measurement("params", 2**70, "count")]),
        done_event(case, "failed", "µs\nand\u2028more"),
    ]
    assert events_in(write(tmp_path / "run", told)) == told


def test_an_event_is_on_disk_as_soon_as_it_is_appended(tmp_path):
    with Journal.create(tmp_path / "run") as journal:
        for number, event in enumerate(THREE, start=1):
            journal.append(event)
            assert events_in(tmp_path / "run") == THREE[:number]


def test_a_reason_that_is_not_valid_unicode_ends_no_run(tmp_path):
    case = Case("se", 64, 7, 7)
    told = done_event(case, "failed", "no file 'caf\udce9.bin'")
    assert events_in(write(tmp_path / "run", [told])) == [told]


RUNS = sorted((Path(__file__).parents[2] / "reports").glob("*/records.jsonl"))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.parent.name)
def test_a_kept_run_is_written_as_version_0_1_0_wrote_it(path):
    assert b"".join(map(encode, events_in(path.parent))) == path.read_bytes()


def test_there_are_kept_runs():
    assert len(RUNS) >= 8


STATE = '"device":{"clock":1980000000,"throttled":0.0,"celsius":50.0}'
VISIT = '{"event":"visit","key":"x","repeat":1,"measurements":[],"flags":["drift"]'


@pytest.mark.parametrize(
    "line",
    [
        VISIT + "}",
        VISIT + "," + STATE + "}",
        VISIT + "," + STATE + ',"run":"0123456789ab"}',
        VISIT.replace("[]", '[{"metric":"m","value":2,"unit":"","interval":[-1,1],"interval_kind":"",'
        '"n":0,"note":"\\udce9"}]') + "}",
        json.dumps({"event": "account", "key": Case("se", 1, 2, 3).key, "case": Case("se", 1, 2, 3).to_json(), "measurements": [],
        "flags": [], "static": {"macs": 2**70, "peak": 1, "weights": 2, "largest": ""}, "run": "ab"},
        separators=(",", ":")),
    ],
)  # fmt: skip
def test_a_line_is_written_as_it_was_read(tmp_path, line):
    (tmp_path / EVENTS).write_text(line + "\n")
    (event,) = events_in(tmp_path)
    assert encode(event).decode() == line + "\n"


def test_an_account_of_a_run_that_kept_no_footprint_is_read(tmp_path):
    line = json.dumps({"event": "account", "key": Case("se", 1, 2, 3).key, "case": Case("se", 1, 2, 3).to_json()}
                      | {"measurements": [], "flags": []})  # fmt: skip
    (tmp_path / EVENTS).write_text(line + "\n")
    assert events_in(tmp_path)[0].footprint == Footprint()


def test_a_field_that_a_later_version_adds_is_passed_over(tmp_path):
    (tmp_path / EVENTS).write_text(VISIT + ',"weather":"fine"}\n')
    assert events_in(tmp_path)[0].process == 1


def with_line(folder, number, line):
    """A journal of three cells with ``line`` in the place of line ``number``, from 1."""
    path = write(folder, THREE) / EVENTS
    lines = path.read_bytes().split(b"\n")
    lines[number - 1] = line
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.mark.parametrize(
    "line",
    [b"{", b"", b"null", b"3", b'"text"', b"[]", b"\xff\xfe", b"\x00\x00", b'{"event":"done","key"{"event":'],
    ids=repr,
)
def test_a_line_that_is_no_object_costs_that_line_and_is_told_by_its_number(tmp_path, line):
    path = with_line(tmp_path / "run", 2, line)
    with pytest.warns(DamagedRecord) as told:
        assert events_in(tmp_path / "run") == [THREE[0], THREE[2]]
    assert [str(each.message) for each in told] == [f"{path}:2: not a record; this line is lost"]


CASE = Case("se", 8, 2, 3)


def account_line(**changes):
    event = json.loads(encode(account_event(CASE, [Measurement("params", 3, "count")])))
    return {**event, **changes}


def measurement_line(**changes):
    figure = {
        "metric": "params",
        "value": 3,
        "unit": "count",
        "interval": None,
        "interval_kind": "",
        "n": 0,
        "note": "",
    }
    return account_line(measurements=[{**figure, **changes}])


def case_line(**changes):
    case = Case(**{**CASE.to_json(), **changes})
    return account_line(case=case.to_json(), key=case.key)


UNTRUE = {
    "{}": ({}, "missing required field event"),
    "unknown event": (account_line(event="estimate"), "event: invalid value 'estimate'"),
    "no key": ({"event": "done"}, "missing required field key"),
    "wrong type": (account_line(flags=3), "flags: expected array, got int"),
    "text for a number": (case_line(channels="8"), "case.channels: expected int, got str"),
    "no channels": (case_line(channels=0), "case.channels: expected int >= 1"),
    "huge size": (case_line(height=10**30), "case.height: expected int <= 2147483647"),
    "unknown dtype": (case_line(dtype="fp4"), "case.dtype: expected str matching regex"),
    "another's key": (account_line(key="0" * 64), "se@8@2x3 has the key of another case"),
    "NaN": (measurement_line(value=float("nan")), "measurements[0]: params of nan"),
    "infinity": (measurement_line(value=float("inf")), "measurements[0]: params of inf"),
    "negative params": (measurement_line(value=-1), "measurements[0]: params of -1"),
    "negative bytes": (measurement_line(metric="peak_memory", unit="bytes", value=-1), "peak_memory of -1"),
    "negative seconds": (measurement_line(metric="latency", unit="s", value=-1e-3), "latency of -0.001"),
    "wrong unit": (measurement_line(metric="latency", unit="bytes"), "measurements[0]: latency in 'bytes'"),
    "unknown unit": (measurement_line(metric="x", unit="furlong"), "measurements[0]: x in 'furlong'"),
    "text with a unit": (measurement_line(value="3"), "measurements[0]: params of 3"),
    "number for a text": (measurement_line(metric="operators", unit=""), "operators of 3"),
    "nothing without a reason": (measurement_line(value=None), "params is missing without a reason"),
    "infinite interval": (
        measurement_line(interval=[0, float("inf")]),
        "params with an interval from 0 to inf",
    ),
    "turned interval": (measurement_line(interval=[2, 1]), "params with an interval from 2 to 1"),
    "negative n": (measurement_line(n=-1), "measurements[0].n: expected int >= 0"),
    "huge integer": (measurement_line(value=10**400), "params of 1000"),
    "negative process": ({**json.loads(VISIT + "}"), "repeat": -1}, "repeat: expected int >= 0"),
    "unknown status": (json.loads(encode(THREE[0])) | {"status": "odd"}, "status 'odd' with reason ''"),
    "negative footprint": (account_line(static={"peak": -1}), "static.peak: expected int >= 0"),
}


@pytest.mark.parametrize(("fields", "says"), UNTRUE.values(), ids=UNTRUE)
def test_a_record_that_cannot_be_true_is_refused_with_file_and_line(tmp_path, fields, says):
    path = with_line(tmp_path / "run", 2, json.dumps(fields).encode())
    with pytest.raises(RunFolderError) as caught:
        events_in(tmp_path / "run")
    assert str(caught.value).startswith(f"{path}:2: ")
    assert says in str(caught.value)
    assert str(caught.value).endswith(f": attnprof doctor {tmp_path / 'run'} --repair")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"event":' + b"[" * 10**5 + b"]" * 10**5 + b"}", "nested too deeply"),
        (b"[" * 10**5, "nested too deeply"),
        (b'{"event":"visit","key":"x","repeat":' + b"9" * 5000 + b"}", "an integer of too many digits"),
        (VISIT.encode().replace(b'"repeat":1', b'"repeat":1e999') + b"}", "repeat: expected int, got float"),
    ],
    ids=["deep", "open", "digits", "range"],
)
def test_a_line_that_would_break_its_reader_is_refused(tmp_path, line, says):
    path = with_line(tmp_path / "run", 2, line)
    with pytest.raises(RunFolderError, match=f"{path}:2: {says}"):
        events_in(tmp_path / "run")


def test_one_key_has_one_case(tmp_path):
    line = {**json.loads(encode(done_event(CASE, "ok"))), "key": THREE[0].key}
    with_line(tmp_path / "run", 2, json.dumps(line).encode())
    with pytest.raises(RunFolderError, match="se@8@2x3 has the key of se@16"):
        events_in(tmp_path / "run")


def test_a_case_is_held_once(tmp_path):
    account, done = events_in(write(tmp_path / "run", [account_event(CASE, []), done_event(CASE, "ok")]))
    assert account.case is done.case


def test_the_key_of_a_later_versions_case_is_of_its_further_fields_too(tmp_path):
    fields = {**CASE.to_json(), "weather": "fine"}
    line = {**json.loads(encode(done_event(CASE, "ok"))), "case": fields, "key": key_of(fields)}
    with_line(tmp_path / "run", 2, json.dumps(line).encode())
    event = events_in(tmp_path / "run")[1]
    assert (event.case, event.case.key) == (CASE, key_of(fields))


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="holds no run: there is no records.jsonl"):
        events_in(tmp_path)
    with pytest.raises(RunFolderError, match="holds no run"):
        environment_in(tmp_path)


def test_records_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / EVENTS).mkdir()
    with pytest.raises(RunFolderError, match="cannot read .*: is a directory"):
        events_in(tmp_path)


def test_the_spec_and_the_environment_lie_beside_the_records(tmp_path):
    environment = {"run_id": "abc", "device_name": "CPU µ", "threads": 1, "malloc": {}}
    with Journal.create(tmp_path / "run") as journal:
        journal.begin("[grid]\nbatch = 2\n", environment)
    assert (tmp_path / "run" / SPEC).read_text(encoding="utf-8") == "[grid]\nbatch = 2\n"
    assert environment_in(tmp_path / "run") == {"schema": 1, **environment, "spec": "[grid]\nbatch = 2\n"}
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [ENVIRONMENT, EVENTS, SPEC]


@pytest.mark.parametrize("text", ["{", "[]", "3", "", "[" * 10**5, '{"a": 1', "\x00"])
def test_a_damaged_environment_is_refused(tmp_path, text):
    (tmp_path / ENVIRONMENT).write_text(text)
    with pytest.raises(RunFolderError, match=rf"{ENVIRONMENT}: .*: attnprof doctor .* --repair"):
        environment_in(tmp_path)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"device": 3}, "device: expected str, got int"),
        ({"threads": -1}, "threads: expected int >= 0"),
        ({"runs": 3}, "runs: expected object, got int"),
        ({"runs": {"a": {"threads": "1"}}}, "runs[...].threads: expected int, got str"),
        ({"peaks": {"bandwidths": []}}, "peaks.bandwidths: expected array of length >= 1"),
        ({"schema": "1"}, "schema: expected int, got str"),
        ({"schema": 0}, "schema: expected int >= 1"),
    ],
)
def test_an_environment_that_cannot_be_true_is_refused(tmp_path, fields, says):
    (tmp_path / ENVIRONMENT).write_text(json.dumps(fields))
    with pytest.raises(RunFolderError) as caught:
        environment_in(tmp_path)
    assert says in str(caught.value)


def test_a_folder_of_a_newer_schema_is_refused(tmp_path):
    (tmp_path / ENVIRONMENT).write_text('{"schema": 2, "device": {}}')
    with pytest.raises(RunFolderError) as caught:
        environment_in(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: written under schema 2 by a newer attnprof; this one reads schema 1: upgrade it"
    )


def test_what_a_later_version_adds_to_an_environment_is_kept(tmp_path):
    (tmp_path / ENVIRONMENT).write_text('{"weather": {"sky": "clear"}}')
    assert environment_in(tmp_path) == {"weather": {"sky": "clear"}}


def test_a_folder_without_a_schema_is_of_the_first(tmp_path):
    (tmp_path / ENVIRONMENT).write_text('{"device": "cpu"}')
    assert environment_in(tmp_path) == {"device": "cpu"}


def test_a_spec_that_was_changed_since_is_refused(tmp_path):
    with Journal.create(tmp_path / "run") as journal:
        environment = journal.begin("[grid]\nbatch = 2\n", {})
    require_spec(tmp_path / "run", environment)
    require_spec(tmp_path / "run", {})
    (tmp_path / "run" / SPEC).write_text("[grid]\n")
    with pytest.raises(RunFolderError, match=r"spec\.toml is not what the run began with: attnprof doctor"):
        require_spec(tmp_path / "run", environment)


def test_the_environment_is_whole_before_the_journal_begins(tmp_path, monkeypatch):
    """A run that is killed at any moment of its beginning can be resumed, or begun again in its folder."""
    states = []
    replace = os.replace

    def seen(part, path):
        states.append(sorted(name for name in os.listdir(tmp_path / "run") if name[0] != "."))
        replace(part, path)

    monkeypatch.setattr("attnprof.records.files.os.replace", seen)
    with Journal.create(tmp_path / "run") as journal:
        journal.begin("", {})
    assert states == [[], [SPEC]]
    assert events_in(tmp_path / "run") == []


@pytest.mark.parametrize("name", [EVENTS, ENVIRONMENT, SPEC, LOCK])
def test_no_link_is_followed_out_of_a_folder(tmp_path, name):
    private = tmp_path / "private"
    private.write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).symlink_to(private)
    with suppress(RunFolderError), Journal.create(tmp_path / "run") as journal:
        journal.begin("theirs", {})
        journal.append(THREE[0])
    assert private.read_text() == "mine"


@pytest.mark.parametrize("name", [EVENTS, ENVIRONMENT])
def test_no_link_is_read(tmp_path, name):
    folder = write(tmp_path / "run", THREE)
    (folder / name).rename(tmp_path / "private")
    (folder / name).symlink_to(tmp_path / "private")
    with pytest.raises(RunFolderError, match=f"{name} is a symbolic link"):
        events_in(folder), environment_in(folder)


def test_the_lock_is_removed_while_it_is_held(tmp_path, monkeypatch):
    """Else a second run could take the file that the first is about to remove, and a third another one."""
    order = []
    release, unlink = FileLock.release, Path.unlink
    monkeypatch.setattr(FileLock, "release", lambda *a, **k: (order.append("release"), release(*a, **k)))
    monkeypatch.setattr(Path, "unlink", lambda self, **k: (order.append("unlink"), unlink(self, **k)))
    with Journal.create(tmp_path / "run"):
        pass
    assert order[:2] == ["unlink", "release"]
    assert not (tmp_path / "run" / LOCK).exists()


def test_a_run_that_opened_the_lock_before_it_was_removed_does_not_hold_it(tmp_path, monkeypatch):
    first = Journal.create(tmp_path / "run")
    first.__enter__()
    flock = fcntl.flock

    def late(file, operation):
        monkeypatch.undo()
        first.__exit__()  # between the second one's opening the file and its locking it
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(RunFolderError, match="in use"):
        Journal(tmp_path / "run").__enter__()
    with Journal(tmp_path / "run"):
        assert (tmp_path / "run" / LOCK).exists()


def test_a_folder_that_is_removed_is_said_at_the_next_event(tmp_path):
    with Journal.create(tmp_path / "run") as journal:
        journal.begin("", {})
        journal.append(THREE[0])
        shutil.rmtree(tmp_path / "run")
        for call in (journal.require_folder, lambda: journal.append(THREE[1])):
            with pytest.raises(EnvironmentProblem, match=r"records\.jsonl was removed or moved") as caught:
                call()
            assert caught.value.exit_code == 4


def test_the_lock_of_a_folder_that_took_the_place_of_a_removed_one_is_left_alone(tmp_path):
    with Journal.create(tmp_path / "run") as journal:
        journal.begin("", {})
        shutil.rmtree(tmp_path / "run")
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / LOCK).touch()
    assert (tmp_path / "run" / LOCK).exists()


def test_a_writer_that_cannot_open_the_journal_lets_go_of_the_lock(tmp_path):
    folder = write(tmp_path / "run", THREE)
    (folder / EVENTS).unlink()
    (folder / EVENTS).mkdir()
    with pytest.raises(EnvironmentProblem, match="cannot write .*: is a directory"):
        Journal(folder).__enter__()
    assert not (folder / LOCK).exists()


def test_a_second_writer_is_refused(tmp_path):
    with Journal.create(tmp_path / "run") as journal:
        journal.append(THREE[0])
        with pytest.raises(RunFolderError, match="is in use by another run"), Journal(tmp_path / "run"):
            raise AssertionError("two writers")
        journal.append(THREE[1])
    assert events_in(tmp_path / "run") == THREE[:2]


def test_after_the_first_writer_a_second_one_may_go_on(tmp_path):
    write(tmp_path / "run", THREE[:1])
    with Journal(tmp_path / "run") as journal:
        journal.append(THREE[1])
    assert events_in(tmp_path / "run") == THREE[:2]


def test_a_writer_that_fails_lets_go_of_the_folder(tmp_path):
    def fail():
        with Journal.create(tmp_path / "run") as journal:
            journal.append(THREE[0])
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    with Journal(tmp_path / "run") as journal:
        journal.append(THREE[1])
    assert events_in(tmp_path / "run") == THREE[:2]


def test_only_an_open_journal_can_be_written(tmp_path):
    journal = Journal.create(tmp_path / "run")
    with pytest.raises(RuntimeError, match="not open"):
        journal.append(THREE[0])
    with journal:
        pass
    with pytest.raises(RuntimeError, match="not open"):
        journal.append(THREE[0])


def test_a_folder_that_holds_a_run_is_not_taken_for_another(tmp_path):
    write(tmp_path / "run", THREE)
    with pytest.raises(RunFolderError, match=r"holds a run already\. Continue it: attnprof run --resume"):
        Journal.create(tmp_path / "run")
    assert events_in(tmp_path / "run") == THREE


def test_a_folder_that_is_there_but_empty_can_be_used(tmp_path):
    (tmp_path / "run").mkdir()
    assert events_in(write(tmp_path / "run", THREE)) == THREE


@pytest.mark.parametrize("inside", ["", "below/it"])
def test_a_file_in_place_of_the_folder_is_found_before_measuring(tmp_path, inside):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(EnvironmentProblem, match=r"cannot write .*nothing was lost") as caught:
        Journal.create(tmp_path / "run" / inside)
    assert caught.value.exit_code == 4


def test_opening_a_folder_that_is_gone_is_a_problem_of_the_environment(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(EnvironmentProblem, match="cannot write"), Journal(tmp_path / "run"):
        raise AssertionError("no folder")


def test_a_full_disk_says_that_finished_cells_are_kept(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with Journal.create(tmp_path / "run") as journal:
        journal.append(THREE[0])
        monkeypatch.setattr("attnprof.records.files.os.write", full)
        with pytest.raises(EnvironmentProblem, match="no space left on device; finished cells are kept"):
            journal.append(THREE[1])
        monkeypatch.undo()
    assert events_in(tmp_path / "run")[0] == THREE[0]


def started(root, name, when, events=True):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / ENVIRONMENT).write_text(json.dumps({"started": when} if when else {}))
    if events:
        (folder / EVENTS).touch()
    return folder


def test_the_newest_folder_is_the_one_that_was_started_last(tmp_path):
    started(tmp_path, "c", "2026-01-01T10:00:00+00:00")
    newest = started(tmp_path, "a", "2026-01-03T09:00:00+00:00")
    started(tmp_path, "b", "2026-01-02T11:00:00+00:00")
    assert newest_folder(tmp_path) == newest


def test_a_folder_without_records_is_no_run(tmp_path):
    older = started(tmp_path, "a", "2026-01-01T10:00:00+00:00")
    started(tmp_path, "b", "2026-01-02T10:00:00+00:00", events=False)
    (tmp_path / "c").mkdir()
    assert newest_folder(tmp_path) == older


def test_a_run_that_does_not_say_when_it_started_is_the_oldest(tmp_path):
    started(tmp_path, "z", None)
    newest = started(tmp_path, "a", "2026-01-01T10:00:00+00:00")
    assert newest_folder(tmp_path) == newest


def test_start_times_are_compared_across_time_zones(tmp_path):
    newest = started(tmp_path, "a", "2026-10-25T02:10:00+01:00")
    started(tmp_path, "b", "2026-10-25T02:50:00+02:00")
    assert newest_folder(tmp_path) == newest


@pytest.mark.parametrize("there", [True, False])
def test_without_any_run_the_answer_says_how_to_make_one(tmp_path, there):
    root = tmp_path / "reports"
    if there:
        root.mkdir()
    with pytest.raises(RunFolderError, match="no run under .* yet: attnprof run makes one"):
        newest_folder(root)


def test_a_new_folder_takes_the_first_number_that_is_free(tmp_path):
    stem = f"{date.today():%Y%m%d}-quick-cpu"
    names = []
    for _ in range(3):
        folder = new_folder("quick", "cpu", tmp_path)
        assert not folder.exists()
        folder.mkdir()
        names.append(folder.name)
    assert names == [stem, f"{stem}-2", f"{stem}-3"]
