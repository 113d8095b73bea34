"""Rendering in a process of its own, with limits of time and memory.

A user's Vega-Lite spec is a program, and an SVG logo a drawing of any size: what they take is not
known beforehand. Everything else that a report holds is bounded, and rendered where it is.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
from dataclasses import replace

from reportspec.errors import RenderError, ReportspecError
from reportspec.model.figures import Figures, Highlight
from reportspec.parent import Worker

SECONDS = 60
_WORKER = "reportspec.formats.limited_worker"  # which knows all forms
MEMORY = 3_000_000_000  # bytes of data; the engine of Vega-Lite alone has half a gigabyte


def wanted(figures: Figures) -> bool:
    """Whether the report has anything whose cost is not known."""
    drawn = any(section.chart and section.chart.vega_lite for section in figures.sections)
    return drawn or (figures.theme.logo_type or "").startswith("image/svg")


def rendered(form: str, figures: Figures, spec_text: str | None) -> bytes:
    """The report in a form that is laid out, made in another process. Raises as rendering itself
    does, and `RenderError` where the limits are reached."""
    request = pickle.dumps((form, plain(figures), spec_text))
    worker = Worker(_WORKER)
    try:
        answer, _ = worker.process.communicate(request, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise RenderError(_too_much(f"took more than {SECONDS} seconds")) from None
    finally:
        worker.kill()
    if worker.process.returncode or not answer:
        spent = worker.process.returncode == -getattr(signal, "SIGXCPU", 24)
        raise RenderError(_too_much(f"took more than {SECONDS} seconds" if spent else "needed too much memory"))
    result = pickle.loads(answer)
    if isinstance(result, ReportspecError):
        raise result
    return bytes(result)


def _too_much(what: str) -> str:
    return f"drawing the chart of its own or the SVG logo {what}; simplify it, or make the logo a PNG"


def plain(figures: Figures) -> Figures:
    """The figures without texts that are looked up when they are read, which cannot be sent."""
    sections = tuple(
        replace(
            section,
            highlights=_plain(figures, section.highlights),
            message=next(iter(_plain(figures, (section.message,) if section.message else ())), None),
        )
        for section in figures.sections
    )
    said = figures.headline
    headline = replace(said, title=_plain(figures, said.title), lead=_plain(figures, said.lead))
    return replace(figures, sections=sections, headline=headline)


def _plain(figures: Figures, highlights: tuple[Highlight, ...]) -> tuple[Highlight, ...]:
    languages = tuple(dict.fromkeys(("en", figures.language)))
    return tuple(
        replace(one, phrases={key: text for key in languages if (text := one.phrases.get(key)) is not None})
        for one in highlights
    )
