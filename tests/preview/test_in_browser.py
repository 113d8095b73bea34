"""The preview in a browser without a window: by mouse, by keyboard, as a screen reader has it, and on a phone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reportspec.preview.previewed import Previewed
from tests.preview.browser import Browser, browser, installed
from tests.preview.small import SPEC, previewed, project, served

pytestmark = pytest.mark.xdist_group("browser")

FRAME = "document.querySelector('iframe').contentDocument"
STATUS = "return document.getElementById('status').textContent"
FOCUS = """
const inside = document.activeElement.contentDocument?.activeElement;
return inside?.dataset?.figure ?? document.activeElement.id ?? '';
"""


@dataclass
class Seen:
    """A browser that looks at the preview of a spec."""

    window: Browser
    spec: Path
    one: Previewed
    address: str

    def again(self, query: str = "") -> None:
        """Have the page as it is at first."""
        self.window.desktop()
        self.window.open("about:blank")
        self.window.open(self.address + query)
        self.window.until("return document.documentElement.dataset.revision")

    def focus(self) -> str:
        """The id of what has the focus, or the mark of the figure that has it."""
        return str(self.window.script(FOCUS))

    def dialog(self) -> str:
        """What the open dialog says, once it says all."""
        return str(
            self.window.until(
                "const one = document.getElementById('details');"
                "return one.open && one.querySelector('h3') ? one.innerText : ''"
            )
        )

    def status(self, text: str) -> None:
        """Wait until the status says something."""
        self.window.until(f"{STATUS}.includes(arguments[0])", text)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Seen]:
    if not installed() and not request.config.getoption("--complete"):
        pytest.skip("no browser is installed, or no driver of it: chromium and chromium-driver of Debian")
    spec = project(tmp_path_factory.mktemp("seen"))
    one = previewed(spec)
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            one.look()

    with served(one) as asked, browser(tmp_path_factory.mktemp("browser")) as window:
        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        yield Seen(window, spec, one, asked.server.address)
        over.set()
        looking.join(5)


@pytest.fixture
def seen(opened: Seen) -> Seen:
    opened.spec.write_text(SPEC)
    opened.again()
    return opened


def test_a_click_on_a_figure_says_what_it_is_made_of(seen: Seen) -> None:
    seen.window.script(f"{FRAME}.querySelector('td[data-figure=\"0 won_amount people\"] button').click()")
    said = seen.dialog()
    assert said.splitlines()[0] == "Won amount: €10,200"
    assert "2026-07-01 to before 2026-10-01" in said
    assert "Ladders" in said
    assert "9,000.00 EUR" in said
    assert "Shelves" not in said  # which is Ada's
    seen.window.script("document.querySelector('.sides button:not([aria-pressed=true])').click()")
    seen.window.until("return document.getElementById('details').innerText.includes('Drums')")


def test_all_of_it_by_keyboard(seen: Seen) -> None:
    """Tab leads to each group of figures once, arrows within it, Enter opens, the focus stays inside, Escape leads back."""
    press = seen.window.press
    seen.window.script("document.getElementById('again').focus()")
    press("Tab")
    assert seen.focus() == "0 won_amount head"
    press("ArrowRight")
    assert seen.focus() == "0 close_rate head"
    press("ArrowRight")
    assert seen.focus() == "0 close_rate head"
    press("Tab")
    while not seen.focus().endswith("people"):  # links to files stand between
        press("Tab")
    assert seen.focus() == "0 won_amount people"
    press("ArrowDown")
    assert seen.focus() == "1 won_amount people"
    press("ArrowRight")
    assert seen.focus() == "1 won_amount__previous people"
    press("Enter")
    assert "Period" in seen.dialog()
    assert seen.focus() == "details-title"
    for _ in range(12):
        press("Tab")
        held = "return document.activeElement === document.body || document.getElementById('details').contains(document.activeElement)"
        assert seen.window.script(held)
    press("Escape")
    seen.window.until("return !document.getElementById('details').open")
    assert seen.window.until(FOCUS) == "1 won_amount__previous people"  # which is given back once it is closed


def test_a_screen_reader_has_names_for_all_of_it(seen: Seen) -> None:
    spoken = seen.window.spoken()
    for role, name in (
        ("status", ""),
        ("combobox", "Period"),
        ("textbox", "least"),
        ("button", "As the spec says"),
        ("button", "Read the data again"),
        ("main", "Report"),
        ("Iframe", "Report"),
        ("heading", "Head"),
        ("button", "Won amount: €14,200"),
        ("table", "People"),
        ("button", "Won amount, Bo Ny: €10,200"),
    ):
        assert (role, name) in spoken
    nameless = [
        r for r, name in spoken if r in ("button", "textbox", "combobox", "link", "dialog", "Iframe") and not name
    ]
    assert nameless == []
    seen.window.script(f"{FRAME}.querySelector('button.figure').click()")
    seen.dialog()
    spoken = seen.window.spoken()
    assert ("dialog", "Won amount: €14,200") in spoken
    assert ("region", "Rows of deal") in spoken
    assert ("columnheader", "adds") in spoken


def test_the_page_is_painted_anew_where_a_file_was_saved(seen: Seen) -> None:
    seen.window.script(f"{FRAME}.querySelectorAll('button.figure')[3].focus()")
    held = seen.focus()
    seen.spec.write_text(SPEC.replace("title: Won", "title: Sold"))
    seen.window.until(f"return {FRAME}.querySelector('h1').textContent === 'Sold'")
    seen.status("Rebuilt")
    assert seen.focus() == held
    assert seen.window.script("return document.getElementById('status').getAttribute('aria-live')") == "polite"
    assert seen.window.script("return document.querySelectorAll('iframe').length") == 1


def test_mistakes_stand_above_the_last_good_page(seen: Seen) -> None:
    seen.spec.write_text(SPEC.replace("won_amount, close_rate", "won_amont, close_rate"))
    seen.status("1 mistake")
    said = seen.window.script("return document.getElementById('problems').innerText")
    assert "no metric named `won_amont`" in said
    assert "won.yaml:12:36" in said
    assert "did you mean `won_amount`?" in said
    assert seen.window.script("return document.querySelector('#problems mark').textContent") == "won_amont"
    assert "14,200" in seen.window.script(f"return {FRAME}.body.innerText")
    assert seen.window.script("return document.getElementById('report').classList.contains('stale')")
    seen.spec.write_text(SPEC)
    seen.window.until("return document.getElementById('problems').hidden")


def test_params_are_chosen_and_stand_in_the_address(seen: Seen) -> None:
    seen.window.script("const one = document.getElementById('param-least'); one.focus(); one.select()")
    seen.window.press(*"4000", "Enter")
    seen.window.until(f"return {FRAME}.body.innerText.includes('13,000')")
    assert seen.window.script("return location.search") == "?set.least=4000"
    seen.again("?period=2026-Q2")
    assert "€800" in seen.window.script(f"return {FRAME}.body.innerText")
    seen.window.script("document.getElementById('reset').click()")
    seen.window.until(f"return {FRAME}.body.innerText.includes('14,200')")


def test_what_the_data_say_is_shown_and_never_runs(seen: Seen) -> None:
    deals = (seen.spec.parent / "deals.csv").read_text()
    people = (seen.spec.parent / "people.csv").read_text()
    evil = "<img src=x onerror=parent.document.title='run'><script>parent.document.title='run'</script>"
    try:
        (seen.spec.parent / "deals.csv").write_text(deals.replace("Ladders", evil))
        (seen.spec.parent / "people.csv").write_text(people.replace("Bo Ny", f"Bo {evil}"))
        seen.window.until(f"return {FRAME}.body.innerText.includes('onerror')")
        seen.window.script(f"{FRAME}.querySelector('button.figure').click()")
        assert evil in seen.dialog()
        assert seen.window.script("return document.title") == "Won · preview"
        for text in ("document.title = 'run'", "parent.document.title = 'run'"):
            seen.window.script(
                f"const one = {FRAME}.createElement('script'); one.textContent = arguments[0]; {FRAME}.body.append(one)",
                text,
            )
        assert seen.window.script("return document.title") == "Won · preview"
    finally:
        (seen.spec.parent / "deals.csv").write_text(deals)
        (seen.spec.parent / "people.csv").write_text(people)


def test_nothing_is_wider_than_a_phone(seen: Seen) -> None:
    seen.window.phone()
    wide = "return document.documentElement.scrollWidth <= 375 && document.body.scrollWidth <= 375"
    assert seen.window.until(wide)
    assert not seen.window.script("return document.getElementById('choices').checkVisibility()")
    seen.window.script("document.getElementById('toggle').click()")
    assert seen.window.script("return document.getElementById('period').checkVisibility()")
    assert seen.window.script("return document.getElementById('toggle').getAttribute('aria-expanded')") == "true"
    seen.window.script(f"{FRAME}.querySelector('button.figure').click()")
    seen.dialog()
    assert seen.window.script("return document.getElementById('details').getBoundingClientRect().width") <= 375
    assert seen.window.script(wide)
