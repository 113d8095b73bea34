"""Many reports in their forms: side by side in warm processes where they are worth their start."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice

from reportspec.figures import Figures
from reportspec.formats import Form, FormatError, files_of
from reportspec.parent import end_with_parent
from reportspec.render import apart
from reportspec.render.errors import RenderError

WORTH = 8  # reports from which on processes of their own pay for their start
_RECYCLED = 250  # reports after which a process is replaced: memory is only partly given back
_AHEAD = 4  # reports that wait for each process


class Made(bytes):
    """A file of a report, which knows for which value and from which statements it was made, and what
    it was like then: what becomes of it on its way out can be held against that."""

    each: tuple[str, str] | None
    statements: tuple[str, ...]
    digest: str

    def __new__(cls, data: bytes, figures: Figures | None = None) -> Made:
        """`figures` are those that the file shows; without them it is made for nobody."""
        made = super().__new__(cls, data)
        made.each = figures.each if figures is not None else None
        made.statements = tuple(one.sql_hash for one in figures.statements) if figures else ()
        made.digest = sha256(data).hexdigest() if figures is not None else ""
        return made


Asked = tuple[Figures, tuple[Form, ...], str, str | None]  # figures, forms, name, the spec's text
Maker = Callable[[Iterable[Asked]], Iterator[dict[str, bytes]]]


@contextmanager
def makers(count: int) -> Iterator[Maker]:
    """While inside, a function that makes the files of reports, in the order of the reports. It
    raises RenderError and FormatError."""
    processes = min(os.cpu_count() or 1, 8, count // (WORTH // 2))
    if count < WORTH or processes < 2:
        yield lambda asked: (_made(*one) for one in asked)
        return
    context = multiprocessing.get_context("spawn")  # threads of the queries may be running
    pool = ProcessPoolExecutor(
        processes, context, initializer=end_with_parent, max_tasks_per_child=_RECYCLED
    )
    try:
        yield lambda asked: _side_by_side(pool, asked, processes * _AHEAD)
    except BaseException:
        # Nobody wants what they still make. (The pool forgets its processes as it shuts down.)
        workers = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _side_by_side(
    pool: ProcessPoolExecutor, asked: Iterable[Asked], ahead: int
) -> Iterator[dict[str, bytes]]:
    todo = iter(asked)
    try:
        waiting = [pool.submit(_apart, *_sendable(one)) for one in islice(todo, ahead)]
        while waiting:
            made = waiting.pop(0).result()
            waiting += [pool.submit(_apart, *_sendable(one)) for one in islice(todo, 1)]
            if isinstance(made, dict):
                yield made
            elif isinstance(made, RenderError):
                raise made
            else:
                raise FormatError(*made)
    except BrokenProcessPool:
        raise RenderError(
            "a process that lays out pages ended; there may be too little memory, or the script that was"
            " started has no `if __name__ == '__main__':` around what it does"
        ) from None


def _sendable(asked: Asked) -> Asked:
    figures, forms, name, spec_text = asked
    return apart.plain(figures), forms, name, spec_text


def _made(
    figures: Figures, forms: Sequence[Form], name: str, spec_text: str | None
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for form in forms:
        made = files_of(figures, form, name, spec_text)
        found |= {file: Made(data, figures) for file, data in made.items()}
    return found


def _apart(
    figures: Figures, forms: Sequence[Form], name: str, spec_text: str | None
) -> dict[str, bytes] | RenderError | tuple[str, str]:
    """The files, or why there are none, in a form that can be sent between processes."""
    try:
        return _made(figures, forms, name, spec_text)
    except RenderError as error:
        return error
    except FormatError as error:
        return error.message, error.help
