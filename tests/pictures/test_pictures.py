"""Every page of the eight standard reports, over the five languages, against pictures that somebody
has looked at. Run with REPORTSPEC_APPROVE=1 to keep new pictures, and look at each that changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

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
# A page is another one where, blurred by a pixel, its mean differs by more than this (of 255).
TOLERANCE = 0.35

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs poppler's pdftoppm"),
]


@pytest.mark.parametrize("name", REPORTS)
def test_every_page_looks_as_approved(name: str, tmp_path: Path, run_cli: Callable[..., CompletedProcess[str]]) -> None:
    kind, language = REPORTS[name]
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(language=language), "utf-8")
    (tmp_path / f"{name}.yaml").write_text(
        f"version: 1\nreport: {kind}\nperiod: 2026-Q3\ncompare: previous_period\n", "utf-8"
    )
    done = run_cli(["build", f"{name}.yaml"], cwd=tmp_path, env={"REPORTSPEC_NOW": NOW})
    assert done.returncode == 0, done.stderr
    made = pages(tmp_path / "out" / f"{name}.pdf", tmp_path)
    if os.environ.get("REPORTSPEC_APPROVE"):
        for old in APPROVED.glob(f"{name}-*.png"):
            old.unlink()
        for place, page in enumerate(made, 1):
            page.quantize(64).save(APPROVED / f"{name}-{place}.png", optimize=True)
    approved = sorted(APPROVED.glob(f"{name}-*.png"), key=lambda p: int(p.stem.rpartition("-")[2]))
    assert len(made) == len(approved), "another number of pages"
    for page, path in zip(made, approved, strict=True):
        with Image.open(path) as picture:
            known = picture.convert("L")
        assert page.size == known.size, path.name
        assert difference(page, known) < TOLERANCE, f"{path.name} looks otherwise"


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
