"""Time the renderer on this machine, warm, beside Chromium printing the same HTML where it is there.

    .venv/bin/python benchmarks/render.py
    .venv/bin/python benchmarks/render.py --runs 5

Reports come from figures made by hand (`tests/render/sample.py`): no database is asked. Each figure
is the least of some runs; ratios to Chromium are of the same run on the same machine. The bare
table is WeasyPrint alone, without this project's code: what the floor is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from reportspec.model.figures import Figures  # noqa: E402
from reportspec.render import render_html, render_pdf  # noqa: E402
from tests.render import sample  # noqa: E402


def rows(count: int) -> Figures:
    """A report of one table."""
    section = sample.stalled(sample.TEXTS["en"], count, count)
    return replace(sample.figures("en", (section,)), definitions=(), statements=())


def all_printed(count: int) -> Figures:
    """The same, of which all rows are printed (`limit: all`)."""
    made = rows(count)
    return replace(made, sections=(replace(made.sections[0], whole=True),))


def short() -> Figures:
    """Four tiles and four charts, each with its table, on three pages."""
    t = sample.TEXTS["en"]
    made = sample.one_page()
    headline = replace(made.sections[0], kpis=made.sections[0].kpis[:4])
    return replace(made, sections=(headline, *made.sections[1:], sample.ages(t), sample.reasons(t)))


def least(runs: int, work: Callable[[], object]) -> float:
    found = []
    for _ in range(runs):
        since = time.perf_counter()
        work()
        found.append(time.perf_counter() - since)
    return min(found)


def bare_table(count: int) -> float:
    """The same rows in the plainest table, by WeasyPrint alone."""
    from weasyprint import HTML

    table = rows(count).sections[0]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in table.rows[:500])
    html = f"<html lang=en><title>x</title><table>{body}</table></html>"
    since = time.perf_counter()
    HTML(string=html).write_pdf(pdf_variant="pdf/ua-1")
    return time.perf_counter() - since


def printed_by_chromium(html: str) -> float | None:
    """Seconds of a whole Chromium process, or None where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "x.html", Path(folder) / "x.pdf"
        source.write_text(html, encoding="utf-8")
        since = time.perf_counter()
        subprocess.run(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--no-first-run",
                f"--user-data-dir={folder}/profile",
                f"--print-to-pdf={target}",
                "--no-pdf-header-footer",
                str(source),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - since if target.exists() else None


def _warm() -> int:
    render_pdf(short())
    return os.getpid()


def _one(_: int) -> int:
    return len(render_pdf(short()))


def a_second(processes: int, count: int) -> float:
    """How many short reports some warm processes make in a second."""
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(_one, range(processes * 2)))
        since = time.perf_counter()
        list(pool.map(_one, range(count)))
        return count / (time.perf_counter() - since)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    _warm()
    print("| what | seconds | Chromium | ratio |\n|---|---|---|---|")
    for name, figures, times in (
        ("tiles, four charts, tables: 3 pages", short(), runs * 3),
        ("500 rows", rows(500), runs),
        ("10,000 rows (500 printed, all attached)", rows(10_000), runs),
        ("10,000 rows, all printed", all_printed(10_000), 1),
    ):
        seconds = least(times, lambda made=figures: render_pdf(made))  # type: ignore[misc]
        other = printed_by_chromium(render_html(figures))
        beside = f"{other:.2f} | {seconds / other:.2f}" if other else "not here | "
        print(f"| {name} | {seconds:.3f} | {beside} |", flush=True)
    print(f"| the bare table of 500 rows, WeasyPrint alone | {least(runs, lambda: bare_table(500)):.3f} | | |")
    print(f"\nShort reports a second on two processes: {a_second(2, 40):.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
