"""Files that are looked at in one thread, while another one says which of them a report reads."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reportspec.preview import watched_files
from reportspec.preview.source_stamp import Stamp, stamp_of_file
from reportspec.preview.watched_files import WatchedFiles


def test_what_is_read_may_change_while_files_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each place of a look: what was written is told once, what came is known, what is no longer read is not missed."""
    spec, left, new = (tmp_path / name for name in ("won.yaml", "left.csv", "new.csv"))
    for at in range(12):
        for file in (spec, left, new):
            file.write_text("as it was")
        watched = WatchedFiles(spec)
        watched.reads([left], None, time.time_ns())
        assert not watched.changed()
        spec.write_text("as it is")
        calls = 0

        def between(path: Path, at: int = at, watched: WatchedFiles = watched) -> Stamp:
            nonlocal calls
            calls += 1
            if calls == at + 1:
                watched.reads([new], None, time.time_ns())
            return stamp_of_file(path)

        with monkeypatch.context() as patched:
            patched.setattr(watched_files, "stamp_of_file", between)
            assert watched.changed()
        assert not watched.changed()
        left.write_text("of no report")
        assert watched.changed() == (calls <= at)  # where the report never said that it reads it no longer
        new.write_text("as it is now")
        assert watched.changed() == (calls > at)


def test_a_file_written_since_a_report_began_is_told_after_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that began before is not taken for one at the file."""
    spec, late = tmp_path / "won.yaml", tmp_path / "late.csv"
    spec.write_text("as it was")
    watched = WatchedFiles(spec)
    began = time.time_ns()
    spec.write_text("as it is")
    late.write_text("written while the report was built")
    calls = 0

    def between(path: Path) -> Stamp:
        nonlocal calls
        calls += 1
        if calls == 3:
            watched.reads([late], None, began - 1_000_000_000)
        return stamp_of_file(path)

    with monkeypatch.context() as patched:
        patched.setattr(watched_files, "stamp_of_file", between)
        assert watched.changed()
    assert watched.changed()
    assert not watched.changed()
