"""`reportspec preview`: what it prints, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from tests.conftest import CHECKOUT, RunCli
from tests.preview.small import SPEC, project


def test_it_says_where_it_is_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    spec = project(tmp_path, SPEC.replace("title: Won", "title: Won\nlocale: tlh"))
    process = subprocess.Popen(
        [sys.executable, "-m", "reportspec", "preview", spec.name, "--no-open", "--today", "2026-10-05"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    name, _, address = process.stdout.readline().strip().partition(": ")
    assert name == "won.yaml"
    assert address.startswith("http://127.0.0.1:")
    with urlopen(f"{address}state", timeout=60) as answer:
        assert b'"title": "Won"' not in answer.read()  # there is no report: the locale is none
    assert any(line.startswith("error[unknown-locale]") for line in process.stderr)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.endswith("stopped\n")
    assert "Traceback" not in told
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith("reportspec-")]


def test_a_port_that_is_taken_is_told(run_cli: RunCli, tmp_path: Path) -> None:
    project(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_cli(["preview", "won.yaml", "--no-open", "--port", str(port)], cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"port {port} cannot be had: address already in use; choose another with `--port`, or leave it out for a free one\n"
    )


def test_which_spec_is_asked_where_there_are_several(run_cli: RunCli, tmp_path: Path) -> None:
    spec = project(tmp_path)
    (tmp_path / "other.yaml").write_text(spec.read_text())
    done = run_cli(["preview", "--no-open"], cwd=tmp_path)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "Error: name a spec: there are other.yaml, won.yaml",
    )
