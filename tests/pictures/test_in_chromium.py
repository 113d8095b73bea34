"""Mails on a phone, in a pane and in a window, in light and dark, and the web page on a phone, as Chromium lays them out:
nothing to scroll sideways, no text cut off or over another, all of it readable, links that a finger hits; and a few
pictures that somebody has looked at. By day each standard report in one language, by night in all.

Slow: builds a report for each case, and opens it in a browser."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from reportspec.building import Order, build
from reportspec.deliver.body import as_html
from reportspec.formats.html import html_here
from reportspec.languages import languages
from reportspec.model.figures import Figures
from reportspec.render.fonts import font_directory
from tests.golden import Golden
from tests.pictures.test_pictures import APPROVED, NOW, PROJECT, REPORTS, as_png, looks_as
from tests.preview.browser import Browser, browser, installed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
SEEN = (Path(__file__).parent / "seen.js").read_text("utf-8")
CONTRAST, TAP = 4.5, 24  # WCAG 2.2 AA: 1.4.3 and 2.5.8
PHONE, WIDTHS = 360, (360, 600, 1000)
LARGEST = 100_000  # bytes of a mail's HTML, beyond which Gmail cuts it off
PERIODS = {"forecast": "2026-Q4"}
GOALS = {
    "pipeline": "goals: {new_revenue_amount: 1500000, close_rate: 0.4, sales_cycle_days: 60}\n",
    "forecast": "goals: {won_amount: 2200000}\n",
}
# Mails have the fonts of the machine: for pictures all machines have the same.
_FACES = "".join(
    f"@font-face{{font-family:'Segoe UI';font-weight:{weight};src:url(data:font/ttf;base64,"
    f"{b64encode((font_directory() / f'OpenSans-{name}.ttf').read_bytes()).decode()})}}"
    for weight, name in ((400, "Regular"), (600, "SemiBold"))
)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Browser]:
    if not installed() and not request.config.getoption("--complete"):
        pytest.skip("no browser is installed, or no driver of it: chromium and chromium-driver of Debian")
    with browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


def figures_of(name: str, language: str, folder: Path) -> Figures:
    (folder / "reportspec.yaml").write_text(PROJECT.format(language=language), "utf-8")
    period = PERIODS.get(name, "2026-Q3")
    text = f"version: 1\nreport: {REPORTS[name][0]}\nperiod: {period}\ncompare: previous_period\n"
    (folder / f"{name}.yaml").write_text(text + GOALS.get(name, ""), "utf-8")
    made = build(folder / f"{name}.yaml", Order(datetime.fromisoformat(NOW), {})).made
    assert made is not None
    return made.figures[0][1]


def look(window: Browser, page: Path, width: int, *, dark: bool = False) -> list[str]:
    """What is wrong with a page that is so wide."""
    window.command("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=True)
    choice = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    window.command("Emulation.setEmulatedMedia", features=choice)
    if window.script("return location.href") != page.as_uri():
        window.open(page.as_uri())
    return list(window.script(SEEN, CONTRAST, TAP))


BY_DAY = set(zip(REPORTS, (*languages(), *languages()), strict=False))


@pytest.mark.by_day(case=BY_DAY)
@pytest.mark.parametrize("case", list(product(REPORTS, languages())), ids="-".join)
def test_it_is_read_on_any_screen(case: tuple[str, str], tmp_path: Path, window: Browser) -> None:
    figures = figures_of(*case, tmp_path)
    mail, page = tmp_path / "mail.html", tmp_path / "page.html"
    links = [("The report in the folder", "https://example.com/q3.pdf")]
    mail.write_text(as_html(figures, "Hello,\nhere it is.", [("q3.pdf", 2), ("q3.xlsx", 0)], links), "utf-8")
    page.write_text(html_here(figures, "version: 1"), "utf-8")
    assert mail.stat().st_size < LARGEST
    seen = {(width, dark): look(window, mail, width, dark=dark) for width, dark in product(WIDTHS, (False, True))}
    assert {how: wrong for how, wrong in seen.items() if wrong} == {}
    for width in (PHONE, 1200):
        assert look(window, page, width) == [], width


PICTURED = {"mail-pipeline": ("pipeline", "en", False), "mail-forecast": ("forecast", "de", True)}


@pytest.mark.parametrize("name", [*PICTURED, "phone-lost_deals"])
def test_it_looks_as_approved(name: str, tmp_path: Path, window: Browser, golden: Golden) -> None:
    kind, language, dark = PICTURED.get(name, ("lost_deals", "fr", False))
    figures = figures_of(kind, language, tmp_path)
    page = tmp_path / "page.html"
    if name in PICTURED:
        html = as_html(figures, "", [(f"{kind}.pdf", 2)], []).replace("<style>", f"<style>{_FACES}", 1)
    else:
        html = html_here(figures, None)
    page.write_text(html, "utf-8")
    assert look(window, page, PHONE, dark=dark) == []
    window.until("return document.fonts.status === 'loaded'")
    tall = window.script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": PHONE, "height": tall, "scale": 1}
    taken = window.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
    with Image.open(io.BytesIO(b64decode(taken))) as picture:
        found = picture.convert("L")
    path = APPROVED / f"{name}.png"
    if golden.approve and not looks_as(found, path):
        golden.keep(as_png(found), path)
    assert looks_as(found, path), f"{path.name} looks otherwise"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<p style='width:500px'>wide</p>", "500 pixels wide in 360"),
        ("<p style='color:#98a2b3'>pale</p>", "contrast 2.58: pale"),
        ("<p style='font-size:9px'>small</p>", "9px: small"),
        ("<p>one</p><p style='margin-top:-0.9em'>other</p>", "overlap: one | other"),
        ("<p style='width:4em;overflow:hidden;white-space:nowrap'>much too long a text</p>", "cut: much too long a text"),
        ("<a href='#' style='font-size:12px;line-height:12px'>x</a>", "to tap: x"),
        ("<svg viewBox='0 0 656 20' style='width:328px'><text font-size='10' y='10'>tiny</text></svg>", "small in a drawing: tiny"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_seen(body: str, told: str, tmp_path: Path, window: Browser) -> None:
    page = tmp_path / "page.html"
    head = "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    page.write_text(f"{head}<style>body,p{{margin:0;font:14px sans-serif}}</style><body>{body}", "utf-8")
    assert any(told in one for one in look(window, page, PHONE)), look(window, page, PHONE)
