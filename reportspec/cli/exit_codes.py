"""With what the program ends. By a signal it ends with 128 and the signal's number (`stopping.py`)."""

from __future__ import annotations

DONE = 0
WRONG = 1  # something in a spec or its data, or what was to be printed cannot be
MISUSE = 2
BUG = 70
NOT_YET = 75  # mail that another run may deliver
INTERRUPTED = 130  # by Ctrl-C
