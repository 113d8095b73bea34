"""When deals were won and when lost, in a column each; states of which some are not known; rows that stand there twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.onboarding.name_words import outcome_of, words_of
from tests.figures.asking import figures, rows
from tests.onboarding.test_ambiguous_readings import Person
from tests.onboarding.test_newcomer import Rows, begun, mapping_of

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DEALS = 60
COUNTS = ["won_deals_count", "lost_deals_count", "open_opportunities_count"]


def export(head: str, states: tuple[str, str, str] = ("Open", "Won", "Lost")) -> Rows:
    """Deals, a third of each state; those that are over have their time in the column of their outcome."""
    found = [head.split(";")]
    for at in range(DEALS):
        day = f"{1 + at % 28:02}.0{1 + at % 9}.2026 10:00"
        over = [day if at % 3 == state else "" for state in (1, 2)][: len(found[0]) - 5]
        found.append([f"P{at}", f"Deal {at}", states[at % 3], f"{at + 100},50", "01.01.2026 09:00", *over])
    return {"deals": found}


def counts(folder: Path) -> tuple[int, ...]:
    spec = {"report": "custom", "period": "2026", "sections": [{"id": "a", "kpis": COUNTS}]}
    [row] = rows(figures(folder / "p", spec, NOW), "a")
    return tuple(row[name] for name in COUNTS)


@pytest.mark.parametrize(
    "head",
    [
        "ID;Title;Status;Value;Created;Won time;Lost time",
        "Deal - ID;Deal - Title;Deal - Status;Deal - Value;Deal - Created;Deal - Won time;Deal - Lost time",
        "Nr;Titel;Status;Betrag;Erstellt am;Gewonnen am;Verloren am",
        "Codice;Nome;Stato;Importo;Creata il;Data vinta;Data persa",
    ],
)
def test_deals_are_closed_when_they_were_won_or_lost(head: str, tmp_path: Path) -> None:
    begun(tmp_path, export(head))
    *_, won, lost = head.split(";")
    closed = mapping_of(tmp_path)["deal"]["fields"]["closed_at"]["sql"]
    assert closed.index(f'"{won}"') < closed.index(f'"{lost}"')
    assert counts(tmp_path) == (DEALS // 3,) * 3


def test_without_a_status_the_times_say_it(tmp_path: Path) -> None:
    tables = export("ID;Title;Status;Value;Created;Won time;Lost time")
    tables["deals"] = [[*row[:2], *row[3:]] for row in tables["deals"]]
    begun(tmp_path, tables)
    assert counts(tmp_path) == (DEALS // 3,) * 3


def test_a_closing_time_that_most_lost_deals_lack_is_told(tmp_path: Path) -> None:
    """And a person is asked of it, however sure its name is."""
    made = begun(tmp_path, export("ID;Title;Status;Value;Created;Won time"))
    assert any("deal.closed_at" in line and "20 of 20 lost deals have no `Won time`" in line for line in made.confirm)
    from reportspec.building import Order
    from reportspec.onboarding.start import start
    from reportspec.onboarding.wish import Wish

    person = Person("deal.closed_at", "")
    start(Wish((str(tmp_path / "export"),), tmp_path / "q"), Order(NOW, {}), person, lambda name: None)
    assert len(person.asked) == 1
    assert "closed_at" not in (tmp_path / "q" / "mapping.yaml").read_text(encoding="utf-8")


TIMES = {
    "won": ["Won time", "won_at", "Date won", "Closed won date", "Gewonnen am", "Data vinta", "Vinta il", "Gagnée le",
            "Fecha de ganado", "受注日"],
    "lost": ["Lost time", "lostDate", "Verloren am", "Persa il", "Date perdue", "Fecha de perdido", "失注日"],
    "": ["Close date", "Expected won date", "Won", "Created at", "Lost reason", "受注予定日", "Won by", "Last lost call"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "said"), [(name, said) for said, names in TIMES.items() for name in names])
def test_names_of_times_say_of_which_outcome_they_are(name: str, said: str) -> None:
    assert outcome_of(words_of(name)) == said


@pytest.mark.parametrize("doubled", [0, 1, 5])
@pytest.mark.parametrize("totals", [(), ("Summe",), ("Summe", "Anzahl")])
def test_rows_that_stand_there_twice_cost_no_key(doubled: int, totals: tuple[str, ...], tmp_path: Path) -> None:
    """Nor do lines of totals, nor one state among others that no word knows: it is taken for open, and marked."""
    states = ("Frobnikation", "Abgeschlossen und gewonnen", "Abgeschlossen und verloren")
    tables = export("Datensatz-ID;Deal-Name;Deal-Phase;Betrag;Erstellungsdatum", states)
    deals = tables["deals"]
    for at, row in enumerate(deals[1:]):
        row.append(f"{1 + at % 28:02}.0{1 + at % 9}.2026 12:00")
    deals[0].append("Abschlussdatum")
    for row in deals[1:]:
        row[0] = row[0].removeprefix("P") or "0"
        row[0] = str(1000 + int(row[0]))
    deals += [list(deals[3 * at + 2]) for at in range(doubled)]
    deals += [[word, "", "", "7.770,00", "", ""] for word in totals]
    made = begun(tmp_path, tables)
    deal = mapping_of(tmp_path)["deal"]
    assert deal["key"] == '"Datensatz-ID"'
    assert any("deal.status" in line and "taken for open: `Frobnikation`" in line for line in made.confirm)
    assert counts(tmp_path) == (DEALS // 3, DEALS // 3, DEALS // 3)


def listed_by_outcome(names: tuple[str, str, str], head: str) -> Rows:
    """Deals in a list for each state, of which the customers of each are named in some of the others too."""
    found: Rows = {}
    for state, name in enumerate(names):
        found[name] = [head.split(";")]
        for at in range(10 + 5 * state):
            closed = f"{1 + at:02}.0{1 + state}.2026" if state else ""
            found[name].append(
                [f"{name[0]}{at}", f"Firm {at + state}", f"{100 * (state + 1)},50", "01.01.2026", closed]
            )
    return found


@pytest.mark.parametrize(
    ("names", "head"),
    [
        (("Offen", "Gewonnen", "Verloren"), "Nr;Kunde;Betrag;Angelegt;Abgeschlossen"),
        (("open deals", "won deals", "lost deals"), "ID;Account;Amount;Created;Closed"),
        (("Aperte", "Vinte", "Perse"), "Codice;Azienda;Importo;Creata il;Chiusa il"),
    ],
)
def test_lists_called_after_what_became_of_deals_are_deals(
    names: tuple[str, str, str], head: str, tmp_path: Path
) -> None:
    """Each of its status, all as one entity; and of the customers that they name each is there once."""
    begun(tmp_path, listed_by_outcome(names, head))
    assert counts(tmp_path) == (15, 20, 10)
    kpis = ["won_amount", "open_amount"]
    by = {"id": "by", "breakdown": {"metrics": ["deals_count"], "by": ["account.name"], "top": 50}}
    spec = {"report": "custom", "period": "2026", "sections": [{"id": "a", "kpis": kpis}, by]}
    found = figures(tmp_path / "p", spec, NOW)
    assert list(rows(found, "a")[0].values())[:2] == [15 * 200.5, 10 * 100.5]
    firms = {row["account.name"]: row["deals_count"] for row in rows(found, "by")}
    # Firms 0 to 9 are in the first list, 1 to 15 in the second, 2 to 21 in the third.
    assert firms == {f"Firm {n}": (n < 10) + (0 < n < 16) + (1 < n < 22) for n in range(22)}


def test_such_lists_may_have_columns_of_their_own(tmp_path: Path) -> None:
    """Lost deals have the reason for it, open ones when they are expected."""
    lists = listed_by_outcome(("Open", "Won", "Lost"), "ID;Account;Amount;Created;Closed")
    lists["Lost"] = [[*row, "Loss reason" if not at else f"Price {at % 3}"] for at, row in enumerate(lists["Lost"])]
    lists["Open"] = [
        [*row[:4], "Expected close date" if not at else "31.12.2026"] for at, row in enumerate(lists["Open"])
    ]
    begun(tmp_path, lists)
    assert counts(tmp_path) == (15, 20, 10)
    expected = {
        part["table"]: part["fields"].get("expected_close_date") for part in mapping_of(tmp_path)["deal"]["union"]
    }
    assert expected == {"open": '"Expected close date"', "won": "null", "lost": "null"}
    by = {"id": "by", "breakdown": {"metrics": ["lost_deals_count"], "by": ["deal.loss_reason"]}}
    found = figures(tmp_path / "p", {"report": "custom", "period": "2026", "sections": [by]}, NOW)
    assert {row["deal.loss_reason"]: row["lost_deals_count"] for row in rows(found, "by")} == {
        "Price 1": 7, "Price 2": 7, "Price 0": 6,
    }  # fmt: skip


def test_a_list_of_won_deals_beside_one_of_all_is_none(tmp_path: Path) -> None:
    """Their deals stand in both."""
    lists = listed_by_outcome(("open", "won", "lost"), "ID;Account;Amount;Created;Closed")
    head, *rest = lists["won"]
    whole = [[*head, "Status"], *([*row, "won"] for row in rest), *([*row, "lost"] for row in lists["lost"][1:])]
    begun(tmp_path, {"deals": whole, "won": lists["won"], "lost": lists["lost"]})
    assert mapping_of(tmp_path)["deal"]["table"] == "deals"


def test_what_is_taken_for_open_is_to_be_closed_some_day(tmp_path: Path) -> None:
    """A state that is taken for open, with a mark, is so in all fields that hang on it; and a number of employees is
    nobody who looks after an account."""
    head = ["Nr", "Kunde", "Phase", "Betrag", "Erstellt am", "Abschlussdatum", "Betreuer"]
    states = ["Gewonnen", "Verloren", "Angebot", "Anfrage"]
    deals = [
        [
            f"V{at}",
            f"K{at % 9}",
            states[at % 4],
            f"{at + 100},50",
            "01.01.2026",
            f"{1 + at % 28:02}.12.2026",
            "Anna Kern" if at % 2 else "Bo Ny",
        ]
        for at in range(60)
    ]
    firms = [[f"K{at}", f"Firma {at}", str([12, 80, 250, 1200][at % 4])] for at in range(9)]
    begun(tmp_path, {"Verkaufschancen": [head, *deals], "Kunden": [["Kundennr", "Name", "Mitarbeiter"], *firms]})
    fields = mapping_of(tmp_path)["deal"]["fields"]
    assert "'Anfrage') then 'open'" in fields["status"]
    assert "'Angebot', 'Anfrage')" in fields["expected_close_date"]["sql"]
    assert "owner_id" not in mapping_of(tmp_path)["account"]["fields"]
