"""Worker processes: they end with the process that started them, whatever ends it, and from their first
moment on they hear no signal of its terminal and say nothing to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import BinaryIO


class Worker:
    """A process that runs a module, which begins with `served`."""

    def __init__(self, module: str) -> None:
        """Raises OSError."""
        # A pipe that closes when this process ends, whatever ends it.
        watched, self._held = os.pipe()
        inherited = (watched,) if os.name == "posix" else ()
        try:
            # Streams and session from the start: a signal may be there before the module is.
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *map(str, inherited)],
                pass_fds=inherited,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                },
            )
        except BaseException:
            os.close(self._held)
            raise
        finally:
            os.close(watched)

    def close(self) -> None:
        """Let it end when it has answered."""
        try:
            with suppress(OSError), self.process:  # closes its streams, and waits
                pass
        finally:
            held, self._held = self._held, -1
            if held >= 0:
                os.close(held)

    def kill(self) -> None:
        """End it now."""
        self.process.kill()
        self.close()


def served() -> tuple[BinaryIO, BinaryIO]:
    """What a worker is asked, and where its answers go. To be called when it begins: from then on it ends
    when the process that started it does, and whatever else prints, prints nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _let_go()
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if len(sys.argv) > 1:
        threading.Thread(target=_watch, args=[int(sys.argv[1])], name="parent", daemon=True).start()
    _by_the_system()
    return requests, answers


def _let_go() -> None:
    """Input and output lead nowhere: a pipe is not held open for somebody who waits for its end."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        with suppress(OSError):
            os.dup2(nowhere, number)
    if nowhere > 2:
        os.close(nowhere)


def _watch(parent: int) -> None:
    """Wait for the end of the parent, at a pipe whose other end only that has."""
    with suppress(OSError):
        while os.read(parent, 1):
            pass
    os._exit(1)


def _by_the_system() -> None:
    """On Linux the kernel ends the worker, also where it never comes to look itself."""
    if sys.platform != "linux":
        return
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
