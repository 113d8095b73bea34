"""What `init` makes of an export as a German company has it: stages by number, a history with the stage before each
change and the one after it, a line of totals, a doubled row, texts for amounts, leads that name the deal they became."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.building import Order
from reportspec.onboarding.start import start
from reportspec.onboarding.wish import NoStart, Started, Takes, Wish

STAGES = ["1 - Anfrage", "2 - Besuch", "3 - Planung", "4 - Angebot", "5 - Gewonnen", "X - Verloren"]
DEALS = 60
Rows = dict[str, list[list[str]]]


def export(before: str = "Von Phase", after: str = "Nach Phase") -> Rows:
    """Tables of texts, their first row the names of columns."""
    deals = [["Chancen-Nr", "Titel", "Vertriebsphase", "Status", "Auftragswert", "Wahrscheinlichkeit", "Angelegt am",
              "Abgeschlossen am", "Auftragsart", "Interner Vermerk"]]  # fmt: skip
    changes = [["Lfd-Nr", "Chancen-Nr", before, after, "Geändert am"]]
    leads = [["Interessenten-Nr", "Nachname", "Status", "Eingegangen am", "Erstkontakt am", "Chancen-Nr"]]
    for number in range(DEALS):
        key, begun = f"VC-{100 + number}", date(2026, 1, 1) + timedelta(days=4 * number)
        passed = STAGES[: 1 + number % 5] + (["X - Verloren"] if number % 7 == 6 and number % 5 < 4 else [])
        for step, stage in enumerate(passed):
            at = begun + timedelta(days=step)
            changes.append([str(len(changes)), key, passed[step - 1] if step else "", stage, f"{at:%d.%m.%Y} 10:30"])
        last = passed[-1]
        status = {"5": "Gewonnen", "X": "Verloren"}.get(last[0], "Offen")
        closed = f"{begun + timedelta(days=len(passed) - 1):%d.%m.%Y}" if status != "Offen" else ""
        chance = {"5": 100, "X": 0}.get(last[0], 20 * STAGES.index(last) if last in STAGES else 0)
        kind = ["Neugeschäft", "Wartungsverlängerung"][number % 2]
        worth = "auf Anfrage" if number == 11 else f"{number + 1}.500,25"
        deals.append([key, f"Anlage {number}", last, status, worth, f"{chance} %", f"{begun:%d.%m.%Y} 09:00", closed,
                      kind, "x"])  # fmt: skip
        leads.append([f"I{number}", f"Name {number}", "Neu", f"{begun:%d.%m.%Y} 08:00", f"{begun:%d.%m.%Y} 08:30",
                      key if number % 3 == 0 else ""])  # fmt: skip
    deals.append(deals[5])
    deals.append(["Summe", "", "", "", "1.861.515,00", "", "", "", "", ""])
    return {"Verkaufschancen": deals, "Phasenverlauf": changes, "Interessenten": leads}


def begun(folder: Path, tables: Rows, **wish: Any) -> Started:
    (folder / "export").mkdir()
    for name, rows in tables.items():
        text = "\r\n".join(";".join(row) for row in rows)
        (folder / "export" / f"{name}.csv").write_bytes(text.encode("cp1252"))
    asked = Wish((str(folder / "export"),), folder / "p", **wish)
    return start(asked, Order(datetime(2026, 11, 29, tzinfo=UTC), {}), Takes(), lambda name: None)


def mapping_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "p" / "mapping.yaml").read_text(encoding="utf-8"))["entities"]
    return found


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Started]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        patch.setenv("LANG", "C.UTF-8")
        folder = tmp_path_factory.mktemp("newcomer")
        return folder, begun(folder, export())


def test_one_line_of_totals_costs_nothing(newcomer: tuple[Path, Started]) -> None:
    """Nor does a doubled row, or a text among amounts: each is written with a mark, and the report is of deals.

    Slow: a project is begun, with its first report."""
    folder, made = newcomer
    assert made.pdf is not None
    assert made.pdf.stem == "pipeline"
    deal = mapping_of(folder)["deal"]
    assert deal["key"] == '"Chancen-Nr"'
    assert deal["where"] == "\"Chancen-Nr\" <> 'Summe'"
    assert deal["latest"] == {"by": '"Chancen-Nr"', "order": '"Chancen-Nr"'}
    assert deal["fields"]["amount"] == '"Auftragswert"'
    settings = yaml.safe_load((folder / "p" / "reportspec.yaml").read_text(encoding="utf-8"))
    assert settings["source"]["files"]["verkaufschancen"][None] == ["auf Anfrage"]
    told = "\n".join(made.confirm)
    for said in ("deal: where", "deal: latest", "`auf Anfrage` stands for no value"):
        assert said in told
    text = (folder / "p" / "mapping.yaml").read_text(encoding="utf-8")
    assert all("CONFIRM" in line for line in text.splitlines() if line.strip().startswith(("where:", "latest:")))


def test_figures_are_those_of_the_export(newcomer: tuple[Path, Started]) -> None:
    """Counted here from the rows as they were written."""
    from tests.figures.asking import figures, rows

    folder, _ = newcomer
    deals = {row[0]: row for row in export()["Verkaufschancen"][1:] if row[0] != "Summe"}
    still = [row for row in deals.values() if row[3] == "Offen"]
    sections = [
        {"id": "a", "breakdown": {"metrics": ["open_opportunities_count", "open_amount"], "by": ["stage.name"]}}
    ]
    spec = {"report": "custom", "period": "2026-Q4", "sections": sections}
    made = figures(folder / "p", spec, datetime(2027, 1, 1, tzinfo=UTC))
    found = {row["stage.name"]: (row["open_opportunities_count"], row["open_amount"]) for row in rows(made, "a")}
    for stage in STAGES[:4]:
        worth = [row[4].replace(".", "").replace(",", ".") for row in still if row[2] == stage]
        amount = sum(float(text) for text in worth if text[0].isdigit())
        assert found[stage] == (len(worth), pytest.approx(amount))
    assert not {one.code for one in made.warnings} & {"history-differs", "closed-in-history"}


def test_stages_follow_by_their_numbers_with_the_chances_of_deals(newcomer: tuple[Path, Started]) -> None:
    stages = mapping_of(newcomer[0])["stage"]["rows"]
    assert [stage["name"] for stage in stages] == STAGES
    assert [stage["probability"] for stage in stages] == [0, 0.2, 0.4, 0.6, 1, 0]


def test_what_was_not_read_is_listed(newcomer: tuple[Path, Started]) -> None:
    folder, made = newcomer
    mapping = mapping_of(folder)
    assert mapping["lead"]["fields"]["created_at"] == '"Eingegangen am"'
    assert mapping["lead"]["fields"]["first_response_at"] == '"Erstkontakt am"'
    assert "'renewal'" in mapping["deal"]["fields"]["deal_type"]
    told = "\n".join(made.open)
    assert "columns of `verkaufschancen` that nothing is read from: Interner Vermerk" in told
    assert "columns of `phasenverlauf` that nothing is read from: Lfd-Nr, Von Phase" in told


def test_the_country_has_a_time_zone(newcomer: tuple[Path, Started]) -> None:
    settings = (newcomer[0] / "p" / "reportspec.yaml").read_text(encoding="utf-8")
    assert "timezone: Europe/Berlin  # CONFIRM (by the country of de_DE and EUR)" in settings


def test_a_deal_has_the_lead_that_became_it(newcomer: tuple[Path, Started]) -> None:
    """The link is written from its other end, so that reports have what they need of it."""
    from tests.figures.asking import figures, rows

    folder, _ = newcomer
    deal = mapping_of(folder)["deal"]
    assert deal["fields"]["lead_id"] == 'of_lead."Interessenten-Nr"'
    assert deal["joins"]["of_lead"]["unique"] is True
    sections = [{"id": "a", "breakdown": {"metrics": ["lead_customers_count"], "by": ["lead.status"]}}]
    made = figures(folder / "p", {"report": "custom", "period": "2026", "sections": sections[:1]},
                   datetime(2027, 1, 1, tzinfo=UTC))  # fmt: skip
    bought = [n for n in range(DEALS) if n % 3 == 0 and n % 5 == 4]  # what became a deal, and was won
    assert [row["lead_customers_count"] for row in rows(made, "a")] == [len(bought)]


@cache
def words() -> list[tuple[str, str]]:
    return [
        ("Von Phase", "Nach Phase"),
        ("Alte Phase", "Neue Phase"),
        ("From Stage", "To Stage"),
        ("Old Stage", "New Stage"),
        ("old_stage_id", "new_stage_id"),
        ("Da fase", "Alla fase"),
        ("Fase precedente", "Nuova fase"),
        ("Ancienne étape", "Nouvelle étape"),
        ("Etapa anterior", "Etapa nueva"),
        ("Phase A", "Phase B"),  # nothing but the rows says it
        ("Phase", "Vorige"),
    ]


@pytest.mark.parametrize(("before", "after"), words(), ids=lambda name: str(name))
@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
def test_the_stage_after_a_change_counts(before: str, after: str, turned: bool, tmp_path: Path) -> None:
    """Whatever the columns are called, as the last row of a deal has the stage that the deal is in: even where they
    are called the other way round."""
    from reportspec.catalogue.load import packaged
    from reportspec.onboarding.histories import settled
    from reportspec.onboarding.matching import propose
    from reportspec.onboarding.seen_tables import table_seen

    if turned:
        before, after = after, before
    tables = {name: [row[:] for row in rows] for name, rows in export(before, after).items() if name != "Interessenten"}
    seen = {name: table_seen(name, rows[0], rows[1:]) for name, rows in tables.items()}

    def rows_of(table: str, columns: list[str], by: str) -> list[list[str]]:
        at = [tables[table][0].index(column) for column in columns]
        return [[row[one] or None for one in at] for row in tables[table][1:]]  # type: ignore[misc]

    proposal, told = settled(propose(packaged(), list(seen.values())), seen, rows_of)  # type: ignore[arg-type]
    history = next(part for part in proposal.parts if part.entity == "deal_stage_history")
    stage = history.fields["stage_id"]
    assert stage.candidates[0].column == after
    assert stage.confidence > 0.9
    assert not any(one.candidates[0].column == before for one in history.fields.values())
    assert told.order[:4] == tuple(STAGES[:4])


@pytest.mark.parametrize(("before", "after"), words()[:9], ids=lambda name: str(name))
def test_words_tell_the_stage_after_a_change(before: str, after: str) -> None:
    """Of a table of which no row could be held against deals."""
    from reportspec.catalogue.load import packaged
    from reportspec.onboarding.matching import propose
    from reportspec.onboarding.seen_tables import table_seen

    rows = [["a", "Lead", "Offer", "2026-01-01"], ["b", "Offer", "Won", "2026-02-01"]]
    for turn in (1, -1):
        names = ["deal_id", *[before, after][::turn], "changed_at"]
        values = [[row[0], *row[1:3][::turn], row[3]] for row in rows]
        [part] = propose(packaged(), [table_seen("stage_history", names, values)]).parts
        assert part.fields["stage_id"].candidates[0].column == after


def test_a_column_that_somebody_named_is_never_dropped(tmp_path: Path) -> None:
    """What cannot be read as it was said is told, with the way out.

    Slow: projects are begun, with their first report."""
    tables = export()
    named = begun(tmp_path, tables, columns={"deal.amount": "Auftragswert"})
    assert named.pdf is not None
    assert mapping_of(tmp_path)["deal"]["fields"]["amount"] == '"Auftragswert"'
    (tmp_path / "other").mkdir()
    with pytest.raises(NoStart, match="Titel"):
        begun(tmp_path / "other", tables, columns={"deal.amount": "Titel"})


def test_of_rows_of_one_key_that_differ_none_is_chosen(tmp_path: Path) -> None:
    tables = export()
    tables["Verkaufschancen"].insert(
        8, [*tables["Verkaufschancen"][7][:4], "9.999,00", *tables["Verkaufschancen"][7][5:]]
    )
    begun(tmp_path, tables)
    assert "latest" not in mapping_of(tmp_path)["deal"]


def test_one_odd_value_among_currencies_is_told_and_no_reason_to_add_them_up(tmp_path: Path) -> None:
    deals = [
        [
            f"D{n}",
            "won",
            "1000",
            ("EUR", "USD", "GBP")[n % 3] if n else "Euro",
            f"2026-09-{1 + n % 28:02}",
            "2026-10-01",
        ]
        for n in range(60)
    ]
    head = ["deal_id", "status", "amount", "currency", "created_date", "close_date"]
    begun(tmp_path, {"deals": [head, *deals]}, currency="EUR")
    assert mapping_of(tmp_path)["deal"]["fields"]["currency"] == "currency"
