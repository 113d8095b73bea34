"""A build that is killed, or whose disk is full, leaves the old file or the new one.

Slow: builds are killed, and built again."""

from __future__ import annotations

import io
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader

from reportspec.files import write_whole

Done = subprocess.CompletedProcess[str]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits are POSIX's")

CHILD = """
import sys
from pathlib import Path
from reportspec.files import write_whole
sizes, path = [2_000_000, 3_000_000], Path(sys.argv[1])
print("ready", flush=True)
while True:
    for size in sizes:
        write_whole(path, bytes([size // 1_000_000]) * size)
"""


def test_killed_at_any_moment_a_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.bin"
    chance = random.Random(5)
    for _ in range(40):
        process = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.wait()
        process.stdout.close()
        if path.exists():
            data = path.read_bytes()
            assert (len(data), set(data)) in ((2_000_000, {2}), (3_000_000, {3}))


def test_a_file_that_is_replaced_keeps_its_rights_and_links_stay(tmp_path: Path) -> None:
    secret, link, ahead = tmp_path / "secret.txt", tmp_path / "link", tmp_path / "ahead"
    secret.write_bytes(b"old")
    secret.chmod(0o600)
    link.symlink_to("secret.txt")
    ahead.symlink_to(tmp_path / "later" / "new.txt")
    write_whole(link, b"new")
    assert (secret.read_bytes(), stat.S_IMODE(secret.stat().st_mode), link.is_symlink()) == (b"new", 0o600, True)
    write_whole(ahead, b"new")
    assert ((tmp_path / "later" / "new.txt").read_bytes(), ahead.is_symlink()) == (b"new", True)


def test_pipes_and_what_is_open_are_written_into(tmp_path: Path) -> None:
    pipe, out = tmp_path / "pipe", tmp_path / "out"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"told")
    assert os.read(reader, 10) == b"told"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    out.symlink_to("/dev/fd/1")
    for name in ("/dev/fd/1", str(out)):
        said = "import pathlib, sys; from reportspec.files import write_whole; "
        code = f"{said}write_whole(pathlib.Path({name!r}), b'told')"
        with (tmp_path / "shown").open("wb") as shown:
            subprocess.run([sys.executable, "-c", code], stdout=shown, check=True)
        assert (tmp_path / "shown").read_bytes() == b"told"
    assert out.is_symlink()


def test_what_a_killed_build_left_is_cleared_later(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    old, fresh = (tmp_path / f".report.pdf.{name}.reportspec.part" for name in ("old", "fresh"))
    yesterdays = tmp_path / ".report-2026-11-30.pdf.1a2b3c4d.reportspec.part"  # which nobody writes again
    other = tmp_path / ".film.mkv.part"
    folder = tmp_path / ".folder.reportspec.part"
    folder.mkdir()
    for file in (old, fresh, yesterdays, other):
        file.write_bytes(b"x")
    for file in (old, yesterdays, other, folder):
        os.utime(file, (time.time() - 7200,) * 2)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert not old.exists()
    assert not yesterdays.exists()
    assert fresh.exists()  # another build may be writing it
    assert folder.exists()
    assert other.exists()  # of another program


@pytest.mark.slow
def test_a_killed_build_leaves_the_old_report(run: Callable[..., Done], folder: Path) -> None:
    run("build", "good.yaml", cwd=folder)
    report = folder / "out" / "good.pdf"
    before = report.read_bytes()
    chance = random.Random(7)
    environment = {**os.environ, "REPORTSPEC_NOW": "2026-12-01T12:00:00Z"}
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-m", "reportspec", "build", "good.yaml", "--set", "x=1"][:5],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.2, 4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = report.read_bytes()
        assert now == before or len(PdfReader(io.BytesIO(now)).pages) > 0


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    write_whole(path, b"old")
    child = (
        "import resource, signal, sys; sys.dont_write_bytecode = True\n"
        "from pathlib import Path; from reportspec.files import write_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "try: write_whole(Path(sys.argv[1]), b'n' * 1_000_000)\n"
        "except OSError as error: print(error.strerror)\n"
    )
    done = subprocess.run([sys.executable, "-c", child, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "File too large"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


# Python itself would leave a part of a module's bytecode behind, which nobody can import from then on.
FULL = """
import resource, runpy, signal, sys
sys.dont_write_bytecode = True
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
if sys.argv[1] == "from the start":
    full()
else:
    from reportspec import files
    write = files.write_whole
    files.write_whole = lambda *args: (full(), write(*args))
sys.argv = ["reportspec", "build", "good.yaml", "--period", "2026-Q2"]
runpy.run_module("reportspec", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (
            "from the start",
            "error[cannot-load]: good.yaml: the data cannot be loaded: file too large",
        ),
        ("at the end", "error[cannot-write]: `out/good.pdf` cannot be written: file too large"),
    ],
)
def test_build_on_a_full_disk_names_the_place(run: Callable[..., Done], folder: Path, moment: str, said: str) -> None:
    run("build", "good.yaml", cwd=folder)
    before = (folder / "out" / "good.pdf").read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", FULL, moment],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "REPORTSPEC_NOW": "2026-11-01T12:00:00Z"},
    )
    assert done.returncode == 1, done.stderr
    assert said in done.stderr
    assert (folder / "out" / "good.pdf").read_bytes() == before
    assert [file.name for file in (folder / "out").iterdir()] == ["good.pdf"]


def test_rights_are_those_of_ones_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is never without its umask meanwhile: other threads write files, too."""
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", lambda _: pytest.fail("the umask was touched"))
        write_whole(tmp_path / "a.pdf", b"x")
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.pdf").stat().st_mode) == 0o640
