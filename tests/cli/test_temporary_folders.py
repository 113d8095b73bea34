"""Temporary folders: those of processes that are gone are removed by the next one, others never."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reportspec import files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the locks are POSIX's")
CHILD = """
import sys, time
from reportspec.files import keep_together
keep_together()
import tempfile, os
open(os.path.join(tempfile.gettempdir(), "inside"), "w").close()
print(tempfile.gettempdir(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that is nobody else's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    for name in list(files._FOLDERS):
        if name.startswith(str(tmp_path)):
            files.remove_folder(name)


def test_only_folders_of_the_dead_are_removed(place: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(place)}
    ) as child:
        assert child.stdout is not None
        theirs = Path(child.stdout.readline().strip())
        assert (theirs / "inside").exists()
        long_ago = time.time() - 30 * 86_400
        os.utime(theirs, (long_ago, long_ago))
        mine = Path(files.temporary_folder("run"))
        assert theirs.exists()  # it runs, for however long
        child.send_signal(signal.SIGKILL)
        child.wait()
    second = Path(files.temporary_folder("run"))
    assert not theirs.exists()
    assert mine.exists()  # several of one process
    assert second.stat().st_mode & 0o77 == 0
    files.remove_folder(str(mine))
    assert not mine.exists()


def test_what_has_no_lock_or_is_no_folder_of_ours_stays(place: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder that is just being made has no lock yet; a link leads elsewhere."""
    new, old, file = place / "reportspec-run-new", place / "reportspec-run-old", place / "reportspec-run-file"
    new.mkdir()
    old.mkdir()
    file.write_text("")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / files._LOCK).write_text("")
    link = place / "reportspec-run-link"
    link.symlink_to(elsewhere)
    other = place / "reportspec-other-x"
    other.mkdir()
    (other / files._LOCK).write_text("")
    long_ago = time.time() - 3 * 86_400
    os.utime(old, (long_ago, long_ago))
    files.temporary_folder("run")
    assert not old.exists()
    assert all(one.exists() for one in (new, file, elsewhere / files._LOCK, link, other))
