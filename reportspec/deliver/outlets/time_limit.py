"""How long an outlet is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable

TIMEOUT = 30  # seconds for an answer of a webhook, at most
_LEAST = 5  # seconds, however little is left
STORING = 30  # seconds that a store has in any case, and more where more is left
GRACE = 0.5  # seconds after which a limit holds that a connection has not kept by itself


def of_answer(left: float | None) -> float:
    """Seconds for an answer, in a run that has so many left."""
    return min(TIMEOUT, max(_LEAST, TIMEOUT if left is None else left))


def of_store(left: float | None) -> float:
    """Seconds for a store."""
    return max(STORING, left or 0)


def in_time(seconds: float, take: Callable[[], str]) -> str:
    """What `take` gives. Raises TimeoutError if that takes longer, whatever holds it up: a connection's
    own limit is for each piece that comes. What was begun is left alone then, and ends with the program."""
    got: list[str] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            got.append(take())
        except BaseException as error:  # it is raised where it is waited for
            failed.append(error)

    taking = threading.Thread(target=run, name="outlet", daemon=True)
    taking.start()
    taking.join(seconds)
    if failed:
        raise failed[0]
    if not got:
        raise TimeoutError
    return got[0]
