"""Measures how pages are used: how many a report has, how far each is filled, how much of it is white, how many figures
stand on it, and how many words are read before what a report is asked for.

    python benchmarks/pages.py

Filled is how low the last ink above the footer stands; white are the cells of 4 millimetres without ink within the
print area; figures are the numbers in the PDF's text; words are counted in the order of that text, four a second.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

DPI, MILLIMETRE = 100, 100 / 25.4
TOP, SIDE, BOTTOM = 13, 14, 14  # millimetres; the footer stands below
CELL = 4  # millimetres
WORDS = 4  # a second
TODAY = "2026-10-31"
PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\nlocale: en_GB\n"
SPEC = "version: 1\nreport: {0}\nperiod: {1}\ncompare: previous_period\n{2}"
REPORTS = {
    "pipeline": ("2026-Q3", "goals: {new_revenue_amount: 1500000, close_rate: 0.4}\n"),
    "sales_forecast": ("2026-Q4", "goals: {won_amount: 2200000}\n"),
    "lost_deals": ("2026-Q3", ""),
    "conversions": ("2026-Q3", ""),
    "leads": ("2026-Q3", ""),
    "sales_cycle": ("2026-Q3", ""),
    "profitability": ("2026-Q3", ""),
    "sales_activity": ("2026-Q3", ""),
}
# What is asked, and the end of the first text that answers it.
ASKED = {
    "pipeline": {
        "was the goal reached?": r"of the goal of",
        "who and what made the change?": r"largest rise [^)]*\)",
        "where do deals stop?": r"moves on from [^.]*",
        "which deals need work first?": r"Which deals need work first.*?€[\d,]+",
        "what moved?": r"Moved forward\s+",
    },
    "sales_forecast": {
        "how much?": r"Forecast: €[\d,]+",
        "how sure is it?": r"Low \(80%\)",
        "is the pipeline enough?": r"is reached in about",
        "which deals decide it?": r"Pushed, past their close date.*?€[\d,]+",
        "what were such forecasts worth?": r"were off by",
    },
    "lost_deals": {
        "why?": r"Reason named most: \w+",
        "where?": r"lost from \w+",
        "to whom?": r"Competitor named most: \w+",
        "what does it cost?": r"Lost amount.*?€[\d,]+",
    },
}


def main() -> None:
    """Build the reports and print two tables in Markdown."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "reportspec.yaml").write_text(PROJECT, "utf-8")
        rows, answers = [], []
        for name, (period, more) in REPORTS.items():
            pdf = built(folder, name, SPEC.format(name, period, more))
            pages, texts = pictures(pdf, folder / name), text_of(pdf).split("\f")[:-1]
            filled = " ".join(f"{100 * depth(page):.0f}" for page in pages)
            white = sum(map(blank, pages)) / len(pages)
            numbers = [len(re.findall(r"\d[\d.,]*", text)) for text in texts]
            mean = sum(numbers) / len(numbers)
            rows.append(f"| {name} | {len(pages)} | {filled} | {100 * white:.0f} | {mean:.0f} |")
            answers += [f"| {name}: {asked} | {place(texts, found)} |" for asked, found in ASKED.get(name, {}).items()]
    print("| report | pages | filled, % | white, % | figures a page |\n|---|---|---|---|---|", *rows, sep="\n")
    print("\n| question | page, seconds |\n|---|---|", *answers, sep="\n")


def built(folder: Path, name: str, spec: str) -> Path:
    """The PDF of a spec."""
    (folder / f"{name}.yaml").write_text(spec, "utf-8")
    out = folder / "out"
    command = [sys.executable, "-m", "reportspec", "build", f"{folder / name}.yaml", "--out", str(out)]
    subprocess.run([*command, "--today", TODAY], check=True, capture_output=True)
    return out / f"{name}.pdf"


def pictures(pdf: Path, folder: Path) -> list[Image.Image]:
    """Its pages without their margins, in grey."""
    folder.mkdir()
    subprocess.run(["pdftoppm", "-r", str(DPI), "-gray", "-png", str(pdf), str(folder / "page")], check=True)
    found = []
    for path in sorted(folder.glob("page-*.png")):
        with Image.open(path) as page:
            left, top, below = (round(one * MILLIMETRE) for one in (SIDE, TOP, BOTTOM))
            found.append(page.convert("L").crop((left, top, page.width - left, page.height - below)))
    return found


def text_of(pdf: Path) -> str:
    done = subprocess.run(["pdftotext", "-raw", "-enc", "UTF-8", str(pdf), "-"], check=True, capture_output=True)
    return done.stdout.decode()


def depth(page: Image.Image) -> float:
    """How far down a page has ink."""
    box = page.point(lambda level: 255 * (level < 200)).getbbox()
    return box[3] / page.height if box else 0.0


def blank(page: Image.Image) -> float:
    """The share of cells without ink."""
    size = round(CELL * MILLIMETRE)
    places = [(x, y) for y in range(0, page.height - size + 1, size) for x in range(0, page.width - size + 1, size)]
    empty = sum(page.crop((x, y, x + size, y + size)).getextrema()[0] > 235 for x, y in places)
    return empty / len(places)


def place(texts: list[str], found: str) -> str:
    """The page of an answer, and the seconds until it is read."""
    before = 0
    for number, text in enumerate(texts, 1):
        if hit := re.search(found, text, re.S):
            return f"p{number}, {(before + len(text[: hit.end()].split())) / WORDS:.0f} s"
        before += len(text.split())
    return "nowhere"


if __name__ == "__main__":
    main()
