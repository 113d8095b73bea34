"""A signal at an awkward moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# The signal comes while the interpreter is in a callback, out of which nothing can be raised.
PROGRAM = """
import os, signal, time, weakref
from reportspec.stopping import Stop

Stop().listen()

class It:
    pass

def gone(_):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.01)

it = It()
seen = weakref.ref(it, gone)
try:
    del it
    time.sleep(20)
except KeyboardInterrupt:
    print("in order")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_in_a_callback_is_heard_and_tells_nothing_of_it(checkout: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=checkout, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("in order\n", "")
