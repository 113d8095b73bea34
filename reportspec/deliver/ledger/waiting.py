"""How long another program that holds the ledger is waited for, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable

PATIENCE = 30.0  # seconds for another program that holds the ledger
QUIET = 1.5  # seconds of them after which it is told that it is waited for
Tell = Callable[[str], None]  # says something to who waits
HELD = "another program holds it: close that, or wait, and send again"


def silent(_: str) -> None:
    """Tell nobody."""


def first_wait() -> int:
    """Milliseconds that are waited in silence."""
    return round(min(QUIET, PATIENCE) * 1000)


def second_wait() -> int:
    """Milliseconds that are waited after it was told; none where patience is over by then."""
    return max(0, round((PATIENCE - QUIET) * 1000))


def waiting(name: str) -> str:
    """What is told of a ledger that is held."""
    return f"the ledger {name} is held by another program, which is waited for ({PATIENCE:g} seconds at most)"
