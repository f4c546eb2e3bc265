"""What a worker on another machine gets of the user's files, and what it refuses."""

import os
from hashlib import sha256

import pytest

from attnprof.errors import EnvironmentProblem
from attnprof.running.protocol import SentFile
from attnprof.worker.delivery import deliver

TEXT = "import os\nfrom torch import nn\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sent(text=TEXT, location="own/my.py:gate", path="own/my.py", digest=None):
    return SentFile(location, path, digest or sha256(text.encode()).hexdigest(), text)


def test_a_file_lies_at_its_path_in_a_folder_that_the_same_files_share(place):
    deliver([sent()])
    here = os.getcwd()
    assert here.startswith(str(place / "cache"))
    assert (place / here / "own" / "my.py").read_text() == TEXT
    deliver([sent()])
    assert os.getcwd() == here
    deliver([sent(TEXT + "\n")])
    assert os.getcwd() != here


def test_nothing_is_done_where_nothing_was_sent(place):
    deliver(())
    assert os.getcwd() == str(place)
    assert not (place / "cache").exists()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (sent(digest="0" * 64), "own/my.py:gate: .* is another file than it was where the run began"),
        (SentFile("no_such_pkg.attn:Gate", "", "0" * 64), "it is not installed there where the run began"),
        (
            sent("import no_such_a, os\nfrom no_such_b.c import d\n"),
            "imports no_such_a, no_such_b, not installed",
        ),
    ],
)
def test_another_file_and_a_missing_package_are_refused_by_name(place, file, words):
    with pytest.raises(EnvironmentProblem, match=words):
        deliver([file])


def test_what_a_file_imports_where_it_may_be_missing_is_not_asked_for(place):
    deliver(
        [sent("try:\n    import no_such\nexcept ImportError:\n    pass\n\n\ndef f():\n    import no_such\n")]
    )
