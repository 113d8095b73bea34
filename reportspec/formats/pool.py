"""Many reports in their forms: side by side in warm processes where they are worth their start."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from queue import SimpleQueue
from typing import Any

from reportspec.errors import RenderError, ReportspecError
from reportspec.formats import files_of
from reportspec.model.figures import Figures
from reportspec.model.mail import Form
from reportspec.parent import Worker
from reportspec.render import limited

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
        content = super().__new__(cls, data)
        content.each = figures.each if figures is not None else None
        content.statements = tuple(statement.sql_hash for statement in figures.statements) if figures else ()
        content.digest = sha256(data).hexdigest() if figures is not None else ""
        return content


Asked = tuple[Figures, tuple[Form, ...], str, str | None]  # figures, forms, name, the spec's text
Maker = Callable[[Iterable[Asked]], Iterator[dict[str, bytes]]]


@contextmanager
def makers(count: int) -> Iterator[Maker]:
    """While inside, a function that makes the files of reports, in the order of the reports. It
    raises ReportspecError and FormatError."""
    processes = min(os.cpu_count() or 1, 8, count // (WORTH // 2))
    if count < WORTH or processes < 2:
        yield lambda requests: (_made(*request) for request in requests)
        return
    workers = _Workers(processes)
    # A thread for each process, which waits for its answers. It outlives the process: the system ends
    # one whose thread is gone.
    threads = ThreadPoolExecutor(processes, thread_name_prefix="forms")
    try:
        yield lambda asked: _side_by_side(threads, workers, asked, processes * _AHEAD)
    except BaseException:
        workers.kill()  # nobody wants what they still make
        raise
    finally:
        workers.close()
        threads.shutdown(cancel_futures=True)


class _Workers:
    """Processes that make files: so many at a time, each started when it is first needed."""

    def __init__(self, count: int) -> None:
        self._over, self._count = False, count
        self._lock = threading.Lock()
        self._all: list[Worker] = []
        self._free: SimpleQueue[tuple[Worker | None, int]] = SimpleQueue()
        for _ in range(count):
            self._free.put((None, 0))

    def ask(self, asked: Asked) -> Any:
        """What a process answers. Raises RenderError where it ended instead."""
        worker, done = self._free.get()
        try:
            if worker is None or done >= _RECYCLED:
                worker, done = self._replaced(worker), 0
            assert worker.process.stdin is not None
            assert worker.process.stdout is not None
            pickle.dump(asked, worker.process.stdin)
            worker.process.stdin.flush()
            return pickle.load(worker.process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise RenderError("a process that lays out pages ended; there may be too little memory") from None
        finally:
            self._free.put((worker, done + 1))

    def _replaced(self, old: Worker | None) -> Worker:
        if old is not None:
            old.close()
        with self._lock:
            if self._over:
                raise EOFError
            self._all = [*(worker for worker in self._all if worker is not old), Worker(_MODULE)]
            return self._all[-1]

    def close(self) -> None:
        """Let each end when it has answered, and start none."""
        with self._lock:
            self._over = True
        places = [self._free.get() for _ in range(self._count)]
        try:
            for worker, _ in places:
                if worker is not None:
                    worker.close()
        finally:
            for _ in places:
                self._free.put((None, 0))

    def kill(self) -> None:
        """End all now, and start none."""
        with self._lock:
            self._over = True
            for worker in self._all:
                worker.process.kill()


_MODULE = "reportspec.formats.worker"


def _side_by_side(
    threads: ThreadPoolExecutor, workers: _Workers, asked: Iterable[Asked], ahead: int
) -> Iterator[dict[str, bytes]]:
    todo = iter(asked)
    waiting = [threads.submit(workers.ask, _sendable(request)) for request in islice(todo, ahead)]
    while waiting:
        files = waiting.pop(0).result()
        waiting += [threads.submit(workers.ask, _sendable(request)) for request in islice(todo, 1)]
        if isinstance(files, dict):
            yield files
        else:
            raise files


def _sendable(asked: Asked) -> Asked:
    figures, forms, name, spec_text = asked
    return limited.plain(figures), forms, name, spec_text


def _made(figures: Figures, forms: Sequence[Form], name: str, spec_text: str | None) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for form in forms:
        files = files_of(figures, form, name, spec_text)
        contents |= {file: Made(data, figures) for file, data in files.items()}
    return contents


def answer(
    figures: Figures, forms: Sequence[Form], name: str, spec_text: str | None
) -> dict[str, bytes] | ReportspecError:
    """The files, or why there are none, in a form that can be sent between processes."""
    try:
        return _made(figures, forms, name, spec_text)
    except ReportspecError as error:
        return error
