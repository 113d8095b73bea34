"""Rendering in a process of its own, with limits of time and memory.

A user's Vega-Lite spec is a program, and an SVG logo a drawing of any size: what they take is not
known beforehand. Everything else that a report holds is bounded, and rendered where it is.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
from dataclasses import replace
from typing import Any

from reportspec.errors import FormatError, RenderError
from reportspec.model.figures import Figures
from reportspec.parent import Worker, served

SECONDS = 60
MEMORY = 3_000_000_000  # bytes of data; the engine of Vega-Lite alone has half a gigabyte


def wanted(figures: Figures) -> bool:
    """Whether the report has anything whose cost is not known."""
    drawn = any(section.chart and section.chart.vega_lite for section in figures.sections)
    return drawn or (figures.theme.logo_type or "").startswith("image/svg")


def rendered(form: str, figures: Figures, spec_text: str | None) -> bytes:
    """The report in a form (`pdf`, `html`), made in another process. Raises `RenderError` and
    `FormatError` as rendering itself does, and `RenderError` where the limits are reached."""
    asked = pickle.dumps((form, plain(figures), spec_text))
    worker = Worker("reportspec.render.apart")
    try:
        answer, _ = worker.process.communicate(asked, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise RenderError(_too_much(f"took more than {SECONDS} seconds")) from None
    finally:
        worker.kill()
    if worker.process.returncode or not answer:
        spent = worker.process.returncode == -getattr(signal, "SIGXCPU", 24)
        raise RenderError(_too_much(f"took more than {SECONDS} seconds" if spent else "needed too much memory"))
    kind, result = pickle.loads(answer)
    if kind == "missing":
        raise FormatError(*result)
    if kind == "refused":
        raise RenderError(result)
    return bytes(result)


def _too_much(what: str) -> str:
    return f"drawing the chart of its own or the SVG logo {what}; simplify it, or make the logo a PNG"


def plain(figures: Figures) -> Figures:
    """The figures without texts that are looked up when they are read, which cannot be sent."""
    sections = tuple(
        replace(
            section,
            highlights=tuple(
                replace(
                    one,
                    phrases={
                        language: text
                        for language in dict.fromkeys(("en", figures.language))
                        if (text := one.phrases.get(language)) is not None
                    },
                )
                for one in section.highlights
            ),
        )
        for section in figures.sections
    )
    return replace(figures, sections=sections)


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on Windows: the clock alone is watched there
        return
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def _main() -> None:
    asked, answers = served()
    form, figures, spec_text = pickle.load(asked)
    _limit()
    answer: tuple[str, Any]
    try:
        if form == "html":
            from reportspec.formats.html import html_here

            answer = ("made", html_here(figures, spec_text).encode())
        else:
            from reportspec.render.pdf import pdf_here

            answer = ("made", pdf_here(figures, spec_text))
    except RenderError as error:
        answer = ("refused", str(error))
    except FormatError as error:
        answer = ("missing", (error.message, error.help))
    with answers:
        pickle.dump(answer, answers)


if __name__ == "__main__":
    _main()
