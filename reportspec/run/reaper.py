"""A small process that ends statements in a database when this process is gone, whatever ended it.

PostgreSQL and ClickHouse notice themselves that nobody waits for an answer. MySQL and MariaDB notice
only when they have one: a statement of somebody who was killed runs on until its limit of time. The
guard waits at a pipe, which closes with this process, and then ends the sessions that it was told of.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

# The guard itself. It imports the driver only when it is needed: until then it costs a few megabytes.
_WATCH = """
import os, signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
lines = b""
while True:
    got = os.read(0, 65536)
    if not got:
        break
    lines += got
live = None
for line in lines.decode().splitlines():
    word, _, rest = line.partition(" ")
    if word == "path":
        path = rest
    elif word == "by":
        by = rest
    elif word == "+":
        live = {*(live or ()), int(rest)}
    elif word == "-":
        live = (live or set()) - {int(rest)}
if live:
    import json
    sys.path[:0] = json.loads(path)
    from reportspec.run.reaper import end_sessions
    end_sessions(json.loads(by), live)
"""


class Guard:
    """The guard of the sessions of one report, which starts with the first of them."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        """`arguments` are those of the driver by which the guard itself logs in; `tls` among them are the
        options of the URL."""
        self._by = json.dumps(arguments)
        self._lock = threading.Lock()
        self._live: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def _start(self) -> None:
        with suppress(OSError):  # a system without room for a process: the limit of time is left
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _WATCH],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/" if os.name == "posix" else None,
            )
        self._say(f"path {json.dumps([path for path in sys.path if path])}")
        self._say(f"by {self._by}")

    def watch(self, number: int) -> None:
        """A session of this number has begun."""
        with self._lock:
            self._live.add(number)
            if self._process is None:
                self._start()
        self._say(f"+ {number}")

    def leave(self, number: int) -> None:
        """It has ended, or did not begin; with the last one the guard goes."""
        self._say(f"- {number}")
        with self._lock:
            self._live.discard(number)
            done, process = not self._live, self._process
        if done and process is not None and process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(2)

    def _say(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError, ValueError):
                self._process.stdin.write(f"{line}\n".encode())
                self._process.stdin.flush()


def end_sessions(arguments: dict[str, Any], numbers: set[int]) -> None:
    """End sessions of MySQL or MariaDB by their numbers."""
    import pymysql  # type: ignore[import-untyped]

    from reportspec.run.tls import tls_of

    arguments_of_driver = {name: value for name, value in arguments.items() if name != "tls"}
    tls = tls_of(arguments.get("tls") or {})
    arguments_of_driver |= {"ssl": tls.context} if tls.context else {"ssl_disabled": True} if tls.off else {}
    with suppress(pymysql.Error, OSError):
        raw = pymysql.connect(**arguments_of_driver)
        with raw, raw.cursor() as cursor:
            for number in numbers:
                with suppress(pymysql.Error):
                    cursor.execute(f"KILL {number:d}")
