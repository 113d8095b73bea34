"""Tables that people read say no name twice in a row, and lack the columns that stand in data alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reportspec.formats.terminal import as_table
from reportspec.model.figures import Cell, Column, Section
from reportspec.render.attachments import csv_files
from reportspec.render.locale import formats_for
from reportspec.render.readable import readable
from tests.render.sample import figures as figures_of

COLUMNS = (Column("deal.name", "Deal", "text"), Column("account.name", "Account", "text"), Column("n", "N", "number"))


def listed(*rows: tuple[Cell, ...]) -> Section:
    return Section("deals", "records", "Deals", COLUMNS, rows, available_rows=len(rows))


@pytest.mark.parametrize(
    ("deal", "account", "shown"),
    [
        ("Acme S.p.A.: Offer", "Acme S.p.A.", "Offer"),
        ("Acme - Offer", "Acme", "Offer"),
        ("Acme – Offer: 2", "Acme", "Offer: 2"),
        ("Offer | Acme", "Acme", "Offer"),
        ("Acme-Offer", "Acme", "Acme-Offer"),  # one word
        ("Acmeville: Offer", "Acme", "Acmeville: Offer"),
        ("Acme Offer", "Acme", "Acme Offer"),  # no sign says where the name ends
        ("Acme:", "Acme", "Acme:"),
        ("Acme", "Acme", "Acme"),
        ("A: Offer", "A", "A: Offer"),  # a letter is no name
        ("Offer", None, "Offer"),
        (None, "Acme", None),
    ],
)
def test_a_name_is_not_said_twice(deal: Cell, account: Cell, shown: Cell) -> None:
    assert readable(listed((deal, account, 1))).rows == ((shown, account, 1),)


def test_only_what_most_rows_do_is_a_way_of_naming() -> None:
    """Of a name that begins with its neighbour's by chance nothing is left out."""
    rows: list[tuple[Cell, ...]] = [("Open: Offer", "Open", 1), ("Rest", "Shut", 2), ("More", "Shut", 3)]
    assert readable(listed(*rows)).rows == tuple(rows)
    assert readable(listed(*rows[:1])).rows == (("Offer", "Open", 1),)
    most = [("Open: Offer", "Open", 1), ("Shut – Rest", "Shut", 2), ("More", "Shut", 3)]
    assert [row[0] for row in readable(listed(*most)).rows] == ["Offer", "Rest", "More"]


def test_data_have_all() -> None:
    """The attached file has whole names and all columns; the terminal's table has what people read."""
    whole = listed(("Acme: Offer", "Acme", 7), ("Bolt: Plan", "Bolt", 8))
    section = replace(whole, columns=(*COLUMNS[:2], replace(COLUMNS[2], in_data=True)), total=(None, None, 15))
    figures = figures_of("en", (section,))
    [file] = csv_files(figures, formats_for(figures)).values()
    assert "Acme: Offer,Acme,7" in file.text
    shown = readable(section)
    assert [column.name for column in shown.columns] == ["deal.name", "account.name"]
    assert shown.rows == (("Offer", "Acme"), ("Plan", "Bolt"))
    assert shown.total == (None, None)
    assert "Acme: Offer" not in as_table(figures)
    assert "Offer" in as_table(figures)
