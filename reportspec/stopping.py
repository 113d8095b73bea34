"""How the command line ends when it is told to: by Ctrl-C, `kill`, or a terminal that closes.

What runs in a database is cancelled, temporary files are removed, and the program ends as shells
expect: with 128 and the signal's number. Only the command line does this; in somebody's own process
signals are theirs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

GRACE = 0.7  # seconds for an orderly end, after which it is a short one
HOLD = 0.35  # seconds of these for a step that is better brought to its end


class Stopped(KeyboardInterrupt):
    """A signal said to stop: whoever ends orderly on Ctrl-C does so on this, too."""


class Stop:
    """What was heard of signals."""

    def __init__(self) -> None:
        self._heard = 0
        self._said = False
        self._raised = self._late = False
        self._held = 0  # steps that are not to be broken off

    def say(self) -> None:
        """Say that the program was stopped, once, and go on where nobody listens any more."""
        if not self._said:
            self._said = True
            with suppress(OSError):
                os.write(2, b"stopped\n")

    @property
    def code(self) -> int | None:
        """The exit code, once there was a signal."""
        return 128 + self._heard if self._heard else None

    def listen(self) -> None:
        """Stop at the signals that are not ignored already, as `nohup` and shells do for what shall
        run on."""
        global _listening
        _listening = self
        heard, wake = os.pipe()
        os.set_blocking(wake, False)
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._told)
        told = sys.unraisablehook
        sys.unraisablehook = lambda one: self._swallowed() if isinstance(one.exc_value, Stopped) else told(one)
        # The bytes come also while the main thread is deep inside a library and hears nothing.
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        threading.Thread(target=self._insist, args=[heard], name="stop", daemon=True).start()

    def _told(self, number: int, frame: FrameType | None) -> None:
        self._heard = self._heard or number
        if not self._held or self._late:
            self._end()

    def _end(self) -> None:
        """Raise Stopped, once: a second signal must not break off the end."""
        if self._heard and not self._raised:
            self._raised = True
            raise Stopped

    def _swallowed(self) -> None:
        """Stopped was raised where it goes no further, as in a callback of the interpreter's while it imports: it is
        raised once more when the program is told again, by `_insist` if by nobody else."""
        self._raised = False

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Inside, signals of the main thread wait for HOLD seconds at most."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._end()

    def _insist(self, heard: int) -> None:
        """End the program where it does not end by itself."""
        number = 0
        while number not in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", 0)):
            number = os.read(heard, 1)[0]
        pause = threading.Event()
        pause.wait(HOLD)
        self._late = True
        if not self._raised and hasattr(signal, "pthread_kill"):  # it may wait for somebody's answer
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        pause.wait(GRACE - HOLD)
        self._heard = self._heard or number
        self.say()
        end_now(128 + number)


_listening: Stop | None = None  # where it is the command line that runs


@contextmanager
def undisturbed() -> Iterator[None]:
    """For a step of which nobody would know how it ended if it were broken off: a signal that stops the
    command line lets it come to its end, if that is near."""
    if _listening is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    with _listening.holding():
        yield


def end_if_told() -> None:
    """Raise Stopped where a signal said so, for those who meet an error that may have come of it."""
    if _listening is not None and _listening.code is not None:
        raise Stopped


def end_now(code: int) -> None:
    """End without waiting for anybody: no thread, no library, no database. Workers end with us."""
    from reportspec.files import remove_unfinished

    with suppress(Exception):
        remove_unfinished()
    os._exit(code)
