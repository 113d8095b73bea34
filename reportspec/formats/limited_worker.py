"""The process that makes one form of a report within limits, as `render.limited` asks."""

from __future__ import annotations

import pickle

from reportspec.errors import ReportspecError
from reportspec.formats import kind_of
from reportspec.parent import served
from reportspec.render.limited import MEMORY, SECONDS


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on Windows: the clock alone is watched there
        return
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def _main() -> None:
    requests, answers = served()
    form, figures, spec_text = pickle.load(requests)
    laid_out = kind_of(form).laid_out
    assert laid_out is not None
    _limit()
    answer: bytes | ReportspecError
    try:
        answer = laid_out(figures, spec_text)
    except ReportspecError as error:
        answer = error
    with answers:
        pickle.dump(answer, answers)


if __name__ == "__main__":
    _main()
