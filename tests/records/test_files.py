"""A file of a run folder is written whole or not at all, and never through a symbolic link."""

import os
import stat

import pytest

from attnprof.errors import RunFolderError
from attnprof.records import files
from attnprof.records.files import file_in, write


def test_a_file_holds_what_was_written_and_nothing_lies_beside_it(tmp_path):
    write(tmp_path / "a.txt", "one µ\n")
    write(tmp_path / "a.txt", b"two\n")
    assert (tmp_path / "a.txt").read_bytes() == b"two\n"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_write_that_fails_leaves_the_earlier_file_and_nothing_else(tmp_path, monkeypatch, call):
    def full(*_):
        raise OSError(28, "No space left on device")

    write(tmp_path / "a.txt", "before")
    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "a.txt", "after")
    monkeypatch.undo()
    assert (tmp_path / "a.txt").read_text() == "before"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_link_is_replaced_and_what_it_leads_to_is_not_written(tmp_path):
    (tmp_path / "private").write_text("mine")
    (tmp_path / "a.txt").symlink_to("private")
    write(tmp_path / "a.txt", "theirs")
    assert (tmp_path / "private").read_text() == "mine"
    assert not (tmp_path / "a.txt").is_symlink()


def test_a_new_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "usual").write_text("")
    write(tmp_path / "a.txt", "")
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "usual").stat().st_mode
    )


def test_a_file_that_only_its_owner_could_read_stays_so(tmp_path):
    (tmp_path / "a.txt").write_text("secret")
    (tmp_path / "a.txt").chmod(0o600)
    write(tmp_path / "a.txt", "another")
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o600


def test_text_that_is_not_valid_unicode_is_written_as_its_escape(tmp_path):
    write(tmp_path / "a.txt", "caf\udce9")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "caf\\udce9"


def test_a_link_in_a_run_folder_is_not_read(tmp_path):
    (tmp_path / "private").write_text("mine")
    (tmp_path / "spec.toml").symlink_to("private")
    with pytest.raises(RunFolderError, match=r"spec\.toml is a symbolic link"):
        file_in(tmp_path, "spec.toml")
    (tmp_path / "environment.json").write_text("{}")
    assert file_in(tmp_path, "environment.json") == tmp_path / "environment.json"
