"""Every page of the eight standard reports, over the five languages, against pictures that somebody
has looked at. `make snapshots` keeps new ones and names them: look at each that changed.

Slow: renders each page and compares it point by point."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from tests.golden import Golden

HERE = Path(__file__).resolve().parent
APPROVED = HERE / "approved"
NOW = "2026-10-15T09:00:00+02:00"
REPORTS = {
    "conversions": ("conversions", "it"),
    "pipeline": ("pipeline", "en"),
    "leads": ("leads", "de"),
    "lost_deals": ("lost_deals", "fr"),
    "sales_cycle": ("sales_cycle", "es"),
    "forecast": ("sales_forecast", "en"),
    "profitability": ("profitability", "it"),
    "activity": ("sales_activity", "de"),
}
PROJECT = """
version: 1
source: demo
timezone: Europe/Rome
currency: EUR
locale: {language}
"""
DPI = 40
# How many pages a report has at most on the demo, and how far down each but the last is filled at least.
BUDGET = {"pipeline": 3, "forecast": 1}
OTHERS, FILLED = 2, 0.6
MARGINS = (13, 14)  # millimetres above and below, with the footer in the lower one
# A page is another one where, blurred by a pixel, its mean differs by more than this (of 255).
TOLERANCE = 0.35

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs poppler's pdftoppm"),
]


@pytest.mark.parametrize("name", REPORTS)
def test_every_page_looks_as_approved(
    name: str, tmp_path: Path, run_cli: Callable[..., CompletedProcess[str]], golden: Golden
) -> None:
    kind, language = REPORTS[name]
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(language=language), "utf-8")
    (tmp_path / f"{name}.yaml").write_text(
        f"version: 1\nreport: {kind}\nperiod: 2026-Q3\ncompare: previous_period\n", "utf-8"
    )
    done = run_cli(["build", f"{name}.yaml"], cwd=tmp_path, env={"REPORTSPEC_NOW": NOW})
    assert done.returncode == 0, done.stderr
    made = pages(tmp_path / "out" / f"{name}.pdf", tmp_path)
    assert len(made) <= BUDGET.get(name, OTHERS)
    assert [filled(page) for page in made[:-1] if filled(page) < FILLED] == []
    paths = [APPROVED / f"{name}-{place}.png" for place, _ in enumerate(made, 1)]
    if golden.approve:
        for page, path in zip(made, paths, strict=True):
            if not looks_as(page, path):  # others stay, byte for byte
                golden.keep(as_png(page), path)
    golden.only([path.stem for path in paths], APPROVED, f"{name}-*.png")
    for page, path in zip(made, paths, strict=True):
        assert looks_as(page, path), f"{path.name} looks otherwise"


def filled(page: Image.Image) -> float:
    """How far down the part of a page within its margins has ink."""
    above, below = (round(one / 297 * page.height) for one in MARGINS)
    inked = page.crop((0, above, page.width, page.height - below)).point(lambda level: 255 * (level < 200)).getbbox()
    return inked[3] / (page.height - above - below) if inked else 0.0


def looks_as(page: Image.Image, path: Path) -> bool:
    if not path.is_file():
        return False
    with Image.open(path) as picture:
        known = picture.convert("L")
    return page.size == known.size and difference(page, known) < TOLERANCE


def as_png(page: Image.Image) -> bytes:
    data = io.BytesIO()
    page.quantize(64).save(data, "PNG", optimize=True)
    return data.getvalue()


def test_it_is_seen_how_far_a_page_is_filled() -> None:
    page = Image.new("L", (331, 468), 255)
    assert filled(page) == 0
    page.paste(0, (40, 100, 80, round(468 * (13 + 135) / 297)))  # half of the 270 millimetres
    assert filled(page) == pytest.approx(0.5, abs=0.01)
    page.paste(0, (40, 455, 80, 460))  # the footer
    assert filled(page) == pytest.approx(0.5, abs=0.01)


def test_a_small_change_is_seen() -> None:
    paths = sorted(APPROVED.glob("pipeline-*.png"))
    with Image.open(paths[0]) as picture:
        page = picture.convert("L")
    assert difference(page, page) == 0
    moved = ImageChops.offset(page, 0, 4)
    assert difference(page, moved) > TOLERANCE
    box = page.copy()
    box.paste(0, (60, 60, 90, 66))  # a word that was not there
    assert difference(page, box) > TOLERANCE / 4


def pages(pdf: Path, folder: Path) -> list[Image.Image]:
    subprocess.run(["pdftoppm", "-r", str(DPI), "-gray", "-png", str(pdf), str(folder / "page")], check=True)
    found = []
    for path in sorted(folder.glob("page-*.png")):
        with Image.open(path) as picture:
            found.append(picture.convert("L"))
    return found


def difference(one: Image.Image, other: Image.Image) -> float:
    blur = ImageFilter.BoxBlur(1)
    changed = ImageChops.difference(one.filter(blur), other.filter(blur))
    return float(ImageStat.Stat(changed).mean[0])
