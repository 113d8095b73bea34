"""Rendering in a process of its own, with limits of time and memory.

A user's Vega-Lite spec is a program, and an SVG logo a drawing of any size: what they take is not
known beforehand. Everything else that a report holds is bounded, and rendered where it is.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

from reportspec.figures import Figures
from reportspec.parent import end_with_parent
from reportspec.render.errors import RenderError

SECONDS = 60
MEMORY = 3_000_000_000  # bytes of data; the chart engine alone has half a gigabyte


def wanted(figures: Figures) -> bool:
    """Whether the report has anything whose cost is not known."""
    drawn = any(section.chart and section.chart.vega_lite for section in figures.sections)
    return drawn or (figures.theme.logo_type or "").startswith("image/svg")


def rendered(form: str, figures: Figures, spec_text: str | None) -> bytes:
    """The report in a form (`pdf`, `html`), made in another process. Raises `RenderError` as
    rendering itself does, and where the limits are reached."""
    asked = pickle.dumps((form, plain(figures), spec_text))
    # A pipe that closes when this process ends, whatever ends it.
    watched, held = os.pipe()
    try:
        return _answered(asked, watched)
    finally:
        os.close(watched)
        os.close(held)


def _answered(asked: bytes, watched: int) -> bytes:
    """The answer of a process of its own. Raises RenderError."""
    inherited = (watched,) if os.name == "posix" else ()
    process = subprocess.Popen(
        [sys.executable, "-m", "reportspec.render.apart", *map(str, inherited)],
        pass_fds=inherited,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    try:
        answer, _ = process.communicate(asked, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise RenderError(_too_much(f"took more than {SECONDS} seconds")) from None
    except BaseException:
        process.kill()
        process.communicate()
        raise
    if process.returncode or not answer:
        spent = process.returncode == -getattr(signal, "SIGXCPU", 24)
        raise RenderError(
            _too_much(f"took more than {SECONDS} seconds" if spent else "needed too much memory")
        )
    kind, result = pickle.loads(answer)
    if kind == "refused":
        raise RenderError(result)
    return bytes(result)


def _too_much(what: str) -> str:
    return (
        f"drawing the chart of its own or the SVG logo {what}; simplify it, or make the logo a PNG"
    )


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
    form, figures, spec_text = pickle.loads(sys.stdin.buffer.read())
    out = os.dup(sys.stdout.fileno())
    if len(sys.argv) > 1:
        end_with_parent(int(sys.argv[1]))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody else may write into the answer
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
    with os.fdopen(out, "wb") as stream:
        stream.write(pickle.dumps(answer))


if __name__ == "__main__":
    _main()
