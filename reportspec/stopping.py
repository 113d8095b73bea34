"""How the command line ends when it is told to: by Ctrl-C, `kill`, or a terminal that closes.

What runs in a database is cancelled, temporary files are removed, and the program ends as shells
expect: with 128 and the signal's number. Only the command line does this; in somebody's own process
signals are theirs.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from types import FrameType

GRACE = 0.7  # seconds for an orderly end, after which it is a short one


class Stopped(KeyboardInterrupt):
    """A signal said to stop: whoever ends orderly on Ctrl-C does so on this, too."""


class Stop:
    """What was heard of signals."""

    def __init__(self) -> None:
        self._heard = 0
        self._said = False

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
        heard, wake = os.pipe()
        os.set_blocking(wake, False)
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._told)
        # The bytes come also while the main thread is deep inside a library and hears nothing.
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        threading.Thread(target=self._insist, args=[heard], name="stop", daemon=True).start()

    def _told(self, number: int, frame: FrameType | None) -> None:
        if self._heard:
            return  # it is ending already; a second signal must not break that off
        self._heard = number
        raise Stopped

    def _insist(self, heard: int) -> None:
        """End the program where it does not end by itself."""
        number = 0
        while number not in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", 0)):
            number = os.read(heard, 1)[0]
        time.sleep(GRACE)
        self._heard = self._heard or number
        self.say()
        end_now(128 + number)


def end_now(code: int) -> None:
    """End without waiting for anybody: no thread, no library, no database. Workers end with us."""
    from reportspec.files import remove_unfinished

    with suppress(Exception):
        remove_unfinished()
    os._exit(code)
