"""Numbers and days of files that can be read in two ways: which is taken, and that it is told until it is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.building import Order
from reportspec.onboarding.start import start
from reportspec.onboarding.wish import Takes, Wish
from tests.figures.asking import codes, figures, rows

DEALS = 24
THOUSANDS = sum(at * 1000 + 250 for at in range(1, DEALS + 1))
NOW = datetime(2026, 11, 29, tzinfo=UTC)
SPEC = {"report": "custom", "period": "2026", "sections": [{"id": "a", "kpis": ["won_amount"]}]}


class Person:
    """Takes what is proposed, but for the questions about one thing."""

    def __init__(self, what: str, means: str) -> None:
        self.what, self.means, self.asked = what, means, list[str]()

    def choose(self, question: str, options: Sequence[str], proposed: str) -> str:
        """What is meant, or what is proposed."""
        if self.what not in question:
            return proposed
        self.asked.append(question)
        assert self.means in options
        return self.means

    def confirm(self, question: str, proposed: bool) -> bool:
        """What is proposed."""
        return proposed


def begun(
    folder: Path, sign: str, chance: str = "", day: str = "2026-0{}-15", asker: Takes | Person | None = None
) -> Path:
    """A project of won deals of 1,250, 2,250 … of which a sign parts the three last digits."""
    lines = [f"id;amount;status;created;closed{';probability' if chance else ''}"]
    for at in range(1, DEALS + 1):
        on = day.format(1 + at % 9)
        lines.append(f"D{at};{at}{sign}250;won;{on};{on}" + (f";{chance}" if chance else ""))
    (folder / "deals.csv").write_text("\n".join(lines), encoding="utf-8")
    start(Wish((str(folder / "deals.csv"),), folder / "p"), Order(NOW, {}), asker or Takes(), lambda name: None)
    return folder / "p"


def won(project: Path) -> float:
    [row] = rows(figures(project, SPEC, NOW), "a")
    return float(row["won_amount"])


@pytest.mark.parametrize("sign", [".", ","])
@pytest.mark.parametrize("locale", ["en_GB.UTF-8", "de_DE.UTF-8"])
def test_three_digits_behind_one_sign_are_thousands(
    sign: str, locale: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the sign and the locale: money has two decimals or none. It is told until somebody confirms it."""
    monkeypatch.setenv("LC_ALL", locale)
    project = begun(tmp_path, sign)
    assert won(project) == THOUSANDS
    assert codes(project, SPEC) == ["unconfirmed"]
    file = project / "reportspec.yaml"
    text = file.read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if "decimal:" in line]
    assert f"{sign}250` is read as " in line
    assert ".25)" in line
    file.write_text(text.replace("# CONFIRM", "# seen:"), encoding="utf-8")
    assert codes(project, SPEC) == []
    assert won(project) == THOUSANDS


def test_other_numbers_of_the_file_say_how_it_is_written(tmp_path: Path) -> None:
    """A program writes all its numbers alike: where chances have a point, amounts have."""
    project = begun(tmp_path, ".", chance="0.25")
    assert won(project) == pytest.approx(THOUSANDS / 1000)
    assert codes(project, SPEC) == ["unconfirmed"]


def test_a_person_is_asked_once_and_has_confirmed_it(tmp_path: Path) -> None:
    person = Person("deals.amount", "1.25")
    project = begun(tmp_path, ".", asker=person)
    assert len(person.asked) == 1
    assert won(project) == pytest.approx(THOUSANDS / 1000)
    assert codes(project, SPEC) == []


def test_days_are_asked_once_for_all_columns(tmp_path: Path) -> None:
    """Of 03/02 either is a day of 2026: by month first the ninth part of the deals is of March."""
    person = Person("deals.created", "2 March 2026")
    project = begun(tmp_path, "", day="0{}/02/2026", asker=person)
    assert len(person.asked) == 1
    of_march = [at for at in range(1, DEALS + 1) if 1 + at % 9 == 3]
    [row] = rows(figures(project, {**SPEC, "period": "2026-03"}, NOW), "a")
    assert row["won_amount"] == sum(int(f"{at}250") for at in of_march)
    assert codes(project, SPEC) == []
