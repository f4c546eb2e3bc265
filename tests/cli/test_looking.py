"""Looking at a run folder runs no code that it names, and shows its rows wherever one stands."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from attnprof.records.journal import SPEC, Journal, environment_in, events_in
from attnprof.records.record import AccountEvent, DoneEvent
from tests.every_case import every_case
from tests.synthetic import folder

EVIL = "theirs/evil.py:Gate"
MARKER = "marker"
LEAVES_A_MARKER = f"open({MARKER!r}, 'w').close()\n\n\ndef Gate(channels): ...\n"
LOOKS = (
    "table out",
    "table out --format json",
    f"table out -m {EVIL}",
    f"table out -m !{EVIL}",
    f"table out -m se,{EVIL}(ratio=2)",
    "table out -m theirs/evil.py:Gate2,se",
    f"table out --baseline {EVIL}",
    "table out --baseline se",
    "pick out --max-params 1g",
    f"pick out --max-params 1.2x:{EVIL}",
    "pick out",
    "report out",
    "plot out -o front.svg",
    f"plot out -m {EVIL},se -o named.svg",
    "diff out other",
    "diff out published:cbam",
    "doctor out",
    "doctor out --repair",
    "merge out other -o merged",
    "table merged",
)


def with_users_module(path: Path, device: str, **fields: object) -> Path:
    """A run of se, eca and EVIL, which is eca's under another name."""
    run = folder(path, modules="se,eca", points="64@28,16@28", **fields)
    environment, spec = environment_in(run), (run / SPEC).read_text(encoding="utf-8")
    events = [users(event) for event in events_in(run)]
    (run / "records.jsonl").unlink()
    with Journal.create(run) as journal:
        named = re.sub(r'"eca",', f'"{EVIL}",', spec)
        journal.begin(
            named + f'\n[budget]\nparams = "<= 1.5x:{EVIL}"\n', {**environment, "device_name": device}
        )
        journal.extend([event for event in events if event])
    return run


def users(event):
    if not isinstance(event, AccountEvent | DoneEvent):
        return None
    module = EVIL if event.case.module == "eca" else event.case.module
    case = replace(event.case, module=module, source="0" * 64)
    return changed(event, case=case, key=case.key)


@pytest.fixture
def here(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/evil.py").write_text(LEAVES_A_MARKER, encoding="utf-8")
    with_users_module(tmp_path / "out", "CPU one")
    with_users_module(tmp_path / "other", "CPU two")
    return tmp_path


def test_looking_at_a_folder_runs_no_file_that_it_names(here, cli):
    with every_case() as case:
        for line in LOOKS:
            with case(line):
                done = cli(*line.split())
                assert done.code in (0, 1, 2), done.err
                assert not (here / MARKER).exists()


def test_its_rows_are_shown_where_the_file_is_not(here, cli, monkeypatch):
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    done = cli("table", here / "out", "--columns", "module,channels,params", "--format", "csv")
    assert done.code == 0, done.err
    rows = [line.split(",")[:2] for line in done.out.splitlines()[1:]]
    assert rows == [["se", "64"], [EVIL, "64"], ["se", "16"], [EVIL, "16"]]


def test_rows_of_a_users_module_are_selected_by_its_name(here, cli):
    def modules(selection):
        done = cli("table", "out", "-m", selection, "--columns", "module", "--format", "csv")
        return done.out.split()[1:]

    assert set(modules(EVIL)) == {EVIL}
    assert set(modules(f"{EVIL}(ratio=3)")) == {EVIL}
    assert set(modules(f"!{EVIL}")) == {"se"}
    assert set(modules(f"se,{EVIL}")) == {"se", EVIL}
    assert cli("table", "out", "-m", "theirs/evil.py:Gate2").code == 2


def test_rows_of_a_module_that_the_catalogue_no_longer_has_are_shown(here, cli):
    spec, journal = (here / "out" / name for name in ("spec.toml", "records.jsonl"))
    spec.write_text(spec.read_text().replace('"se"', '"gone"'), encoding="utf-8")
    keys = {event.key: event.case for event in events_in(here / "out") if hasattr(event, "case")}
    text = journal.read_text()
    for key, case in keys.items():
        if case.module == "se":
            text = text.replace(key, replace(case, module="gone").key)
    journal.write_text(text.replace('"se"', '"gone"'), encoding="utf-8")
    done = cli("table", "out", "--columns", "module", "--format", "csv")
    assert done.out.split()[1:] == ["gone", EVIL] * 2


def test_the_budget_of_a_spec_file_here_is_read_without_running_what_the_file_names(here, cli):
    (here / "attnprof.toml").write_text(f'[grid]\nmodules = ["{EVIL}"]\n[budget]\nparams = "<=1M"\n')
    done = cli("pick", "out")
    assert "params" in done.out
    assert not (here / MARKER).exists()


@pytest.mark.parametrize("command", ["list", "cite"])
def test_the_catalogue_does_not_import_what_is_not_in_it(here, cli, command):
    done = cli(command, EVIL)
    assert done.code == 2
    assert f"attnprof show {EVIL}" in done.err
    assert not (here / MARKER).exists()
