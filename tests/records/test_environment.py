"""What is written down of a run's circumstances."""

import io
from types import SimpleNamespace

import pandas as pd
import pytest

from attnprof.records import environment
from attnprof.records.environment import begun, differences, fingerprint, joined


@pytest.mark.parametrize("digits", ["1234567e89012345", "12345678901234567"])
def test_a_run_id_is_no_number_to_pandas(monkeypatch, digits):
    monkeypatch.setattr(environment, "uuid4", lambda: SimpleNamespace(hex=digits))
    run_id = begun({})["run_id"]
    frame = pd.read_csv(io.StringIO(f"run_id\n{run_id}\n"))
    assert list(frame["run_id"]) == [run_id]


def test_the_run_id_of_joined_runs_depends_on_theirs_alone():
    runs = {"ra": {"host": "one"}, "rb": {"host": "two"}}
    run_id = joined(runs)["run_id"]
    assert run_id == joined(dict(reversed(runs.items())))["run_id"]
    assert run_id != joined({"ra": {}})["run_id"]
    assert run_id.startswith("r")


def test_two_devices_of_one_kind_are_alike_and_two_kinds_are_not():
    first, second, cpu = ({"device": device} for device in ("cuda:0", "cuda:1", "cpu"))
    assert fingerprint(first) == fingerprint(second) != fingerprint(cpu)
    assert differences(first, second) == []
    assert differences(first, cpu) == ["device: cuda before, cpu now"]


def test_variables_that_change_figures_keep_two_runs_from_being_joined_and_their_lack_does_not():
    plain, older = {"device": "cuda:0", "cuda_variables": {}}, {"device": "cuda:0"}
    changed = {**plain, "cuda_variables": {"B": "2", "A": "1"}}
    assert differences(plain, changed) == ["cuda_variables: none before, A=1 B=2 now"]
    assert fingerprint(plain) != fingerprint(changed)
    assert differences(older, plain) == []
    assert fingerprint(older) == fingerprint(plain)


@pytest.mark.parametrize(
    ("text", "commit"),
    [
        ('{"url": "https://x", "vcs_info": {"vcs": "git", "commit_id": "abcdef0123456789"}}', "abcdef012345"),
        ('{"url": "file:///x", "dir_info": {}}', None),
        ('{"vcs_info": {"commit_id": 7}}', None),
        ("[]", None),
        ("no json", None),
        (None, None),
    ],
)
def test_an_installed_copy_knows_the_commit_that_it_was_installed_from(monkeypatch, text, commit):
    installed = SimpleNamespace(read_text=lambda name: text if name == "direct_url.json" else None)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: installed)
    assert environment._installed_commit() == commit
