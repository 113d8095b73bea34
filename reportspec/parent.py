"""Worker processes that end with the process that started them, whatever ends it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress


def end_with_parent(parent: int | None = None) -> None:
    """To be called by a worker when it begins: it ends when the process that started it does, it is not
    stopped by what the terminal sends to both, and it holds none of the streams of whoever called.
    `parent` is a descriptor of a pipe whose other end only the parent has; without it, the one of
    `multiprocessing`."""
    _let_go()
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_watch, args=[parent], name="parent", daemon=True).start()
    _by_the_system()


def _let_go() -> None:
    """Input and output lead nowhere: a pipe is not held open for somebody who waits for its end."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        with suppress(OSError):
            os.dup2(nowhere, number)
    if nowhere > 2:
        os.close(nowhere)


def _watch(parent: int | None) -> None:
    """Wait for the end of the parent, on every system."""
    if parent is not None:
        with suppress(OSError):
            while os.read(parent, 1):
                pass
    else:
        from multiprocessing import parent_process

        found = parent_process()
        if found is None:
            return
        found.join()
    os._exit(1)


def _by_the_system() -> None:
    """On Linux the kernel ends the worker, also where it never comes to look itself."""
    if sys.platform != "linux":
        return
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
