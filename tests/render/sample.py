"""Figures made by hand: a pipeline report with everything that a report can have.

Run as a script to lay it out: `python tests/render/sample.py FOLDER`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from reportspec.model.figures import (
    Cell,
    Chart,
    Column,
    Definition,
    Figures,
    Goal,
    Kpi,
    PeriodFigures,
    Section,
    Statement,
    Theme,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "{{7*7}}",
    '=HYPERLINK("http://evil.example","x")',
    "</style><style>*{display:none}",
    "'; DROP TABLE deals; --",
    "&lt;b&gt; & \"quotes\" 'single'",
    "Müller & Søn — Ωmega Япония",
)

LONG_NAME = "Consolidated International Holdings and Subsidiaries " * 6

TEXTS = {
    "en": {
        "title": "Pipeline, Q3 2026",
        "report": "Pipeline report",
        "filters": ("Region is EMEA", "Pipeline is New business", "Amount at least €1,000"),
        "headline": "Headline",
        "won": "Won revenue",
        "created": "Deals created",
        "rate": "Win rate",
        "cycle": "Average sales cycle",
        "open": "Open pipeline",
        "lost": "Deals lost",
        "response": "Time to first response",
        "coverage": "Pipeline coverage",
        "purchase": "Average purchase",
        "speed": "Speed against other channels",
        "leads": "New leads",
        "churn": "Accounts at risk",
        "by_month": "Won revenue by month",
        "by_owner": "By owner",
        "owner": "Owner",
        "stage": "Stage",
        "funnel": "From lead to customer",
        "reasons": "Why deals were lost",
        "reason": "Reason",
        "ages": "Age of open deals",
        "age": "Age in days",
        "deals": "Deals",
        "forecast": "Forecast by expected close",
        "category": "Category",
        "stalled": "Stalled deals",
        "deal": "Deal",
        "amount": "Amount",
        "closes": "Expected close",
        "quiet": "Days without activity",
        "month": "Month",
        "note": "Deals without an owner are counted under “(no owner)”.",
        "caveat1": "Deals closed in the period, by close date; reopened deals are left out.",
        "caveat2": "Fewer than 30 closed deals for 4 owners: read their rates with care.",
        "nothing": "Deals won back",
        "readme": "Read this first",
    },
    "it": {
        "title": "Pipeline di vendita, 3º trimestre 2026",
        "report": "Pipeline di vendita",
        "filters": ("Regione: EMEA", "Pipeline: Nuovi clienti", "Importo almeno 1.000 €"),
        "headline": "In sintesi",
        "won": "Ricavi vinti",
        "created": "Trattative create",
        "rate": "Tasso di successo",
        "cycle": "Ciclo di vendita medio",
        "open": "Pipeline aperta",
        "lost": "Trattative perse",
        "response": "Tempo alla prima risposta",
        "coverage": "Copertura della pipeline",
        "purchase": "Acquisto medio",
        "speed": "Velocità rispetto agli altri canali",
        "leads": "Nuovi lead",
        "churn": "Clienti a rischio",
        "by_month": "Ricavi vinti per mese",
        "by_owner": "Per responsabile",
        "owner": "Responsabile",
        "stage": "Fase",
        "funnel": "Da lead a cliente",
        "reasons": "Perché si perdono le trattative",
        "reason": "Motivo",
        "ages": "Età delle trattative aperte",
        "age": "Età in giorni",
        "deals": "Trattative",
        "forecast": "Previsione per chiusura attesa",
        "category": "Categoria",
        "stalled": "Trattative ferme",
        "deal": "Trattativa",
        "amount": "Importo",
        "closes": "Chiusura attesa",
        "quiet": "Giorni senza attività",
        "month": "Mese",
        "note": "Le trattative senza responsabile sono sotto “(nessuno)”.",
        "caveat1": "Trattative chiuse nel periodo, per data di chiusura; le riaperte sono escluse.",
        "caveat2": "Meno di 30 trattative chiuse per 4 responsabili: tassi da leggere con cautela.",
        "nothing": "Trattative riconquistate",
        "readme": "Da leggere prima",
    },
}

MONTHS = {
    "en": "Oct 2025|Nov 2025|Dec 2025|Jan 2026|Feb 2026|Mar 2026|Apr 2026|May 2026|Jun 2026|Jul 2026|Aug 2026|Sep 2026",
    "it": "ott 2025|nov 2025|dic 2025|gen 2026|feb 2026|mar 2026|apr 2026|mag 2026|giu 2026|lug 2026|ago 2026|set 2026",
}

FIRST = ["Anna", "Bruno", "Carla", "Davide", "Elena", "Fabio", "Giulia", "Hugo", "Irene", "Jonas"]
LAST = ["Rossi", "Bianchi", "Ferrari", "Esposito"]


def metric(name: str, label: str, unit: str, direction: str = "up", **more: object) -> Column:
    """A metric column."""
    return Column(name, label, "number", unit=unit, role="metric", metric=name, direction=direction, **more)  # type: ignore[arg-type]


def beside(column: Column) -> tuple[Column, Column]:
    """The previous and change columns of a metric."""
    return (
        replace(column, name=f"{column.name}__previous", role="previous", footnotes=()),
        replace(
            column,
            name=f"{column.name}__change",
            label="Change",
            role="difference" if column.unit == "percent" else "change",
            unit="percent",
            footnotes=(),
        ),
    )


def kpis(t: dict[str, str]) -> tuple[Kpi, ...]:
    """Twelve tiles: every unit, every goal state, a missing value, no comparison."""
    won = metric("won", t["won"], "currency", footnotes=(1,))
    return (
        Kpi(
            won,
            Decimal("1074320.55"),
            Decimal("992400.10"),
            0.0825,
            Goal(1_200_000.0, "up", 0.895, 0.92, "at_risk", 0.9),
            (71e3, 82e3, 64e3, 90e3, 101e3, 97e3, 88e3, 110e3, 120e3, 91e3, 77e3, 112e3),
        ),
        Kpi(
            metric("created", t["created"], "count"),
            1248,
            1302,
            -0.0415,
            Goal(1200.0, "up", 1.04, 1.04, "met", 0.9),
            (98, 104, 120, 111, None, 95, 101, 99, 108, 112, 97, 103),
        ),
        Kpi(
            metric("win_rate", t["rate"], "percent", footnotes=(1, 2)),
            0.254,
            0.233,
            0.021,
            Goal(0.25, "up", 1.016, None, "met", 0.9),
            (0.21, 0.22, 0.2, 0.24, 0.23, 0.26, 0.25, 0.27, 0.22, 0.24, 0.26, 0.26),
        ),
        Kpi(
            metric("cycle", t["cycle"], "days", "down"),
            61.4,
            50.3,
            0.2207,
            Goal(50.0, "down", 0.814, None, "missed", 0.9),
        ),
        Kpi(metric("open", t["open"], "currency", "neutral"), 3_410_000, 3_290_500, 0.0363),
        Kpi(metric("lost", t["lost"], "count", "down"), 311, 340, -0.0853),
        Kpi(metric("response", t["response"], "minutes", "down"), 134.0, 151.0, -0.1126),
        Kpi(
            metric("coverage", t["coverage"], "multiple"),
            3.2,
            2.9,
            0.103,
            Goal(3.0, "up", 1.067, 1.1, "on_track", 0.9),
        ),
        Kpi(metric("purchase", t["purchase"], "currency"), Decimal("843.5"), Decimal("843.5"), 0.0),
        Kpi(metric("speed", t["speed"], "multiple", footnotes=(2,)), None, 1.4, None),
        Kpi(metric("leads", t["leads"], "count"), 18_204, None, None),
        Kpi(
            metric("churn", t["churn"], "count", "down"),
            0,
            0,
            None,
            Goal(10.0, "down", None, None, "unknown", 0.9),
        ),
    )


def trend(t: dict[str, str], language: str) -> Section:
    """A year by month, compared, with a month that is not over."""
    won = metric("won", t["won"], "currency", footnotes=(1,))
    rate = metric("win_rate", t["rate"], "percent")
    columns = (
        Column("period", t["month"], "date", role="period"),
        won,
        *beside(won),
        rate,
        *beside(rate),
    )
    values = (71e3, 82e3, 64e3, 90e3, 101e3, 97e3, 88e3, 110e3, 120e3, 91e3, 77e3, 41e3)
    rows = []
    for at, value in enumerate(values):
        before = value * (0.8 + 0.03 * at)
        share, share_before = 0.2 + 0.01 * (at % 5), 0.19 + 0.012 * (at % 4)
        month = date(2025 + (at + 9) // 12, (at + 9) % 12 + 1, 1)
        rows.append(
            (
                month,
                value,
                before,
                value / before - 1,
                share,
                share_before,
                share - share_before,
            )
        )
    return Section(
        "won_by_month",
        "trend",
        t["by_month"],
        columns,
        tuple(rows),
        (None, 1_032_000.0, 900_000.0, 0.1467, 0.221, 0.208, 0.013),
        12,
        row_labels=tuple(MONTHS[language].split("|")),
        row_marks=(*[""] * 11, "in_progress"),
        chart=Chart(
            "line",
            "period",
            ("won", "win_rate"),
            partial_from=11,
        ),
    )


def by_owner(t: dict[str, str], count: int = 40) -> Section:
    """Owners with hostile and long names among them."""
    won = metric("won", t["won"], "currency")
    rate = metric("win_rate", t["rate"], "percent", footnotes=(2,))
    cycle = metric("cycle", t["cycle"], "days", "down")
    columns = (
        Column("user.name", t["owner"], "text", role="dimension"),
        won,
        *beside(won),
        rate,
        *beside(rate)[1:],
        cycle,
    )
    names: list[str | None] = [f"{first} {last}" for last in LAST for first in FIRST][:count]
    for at, name in enumerate((*HOSTILE, LONG_NAME, None)):
        if at + 2 < count:
            names[at + 2] = name
    rows: list[tuple[Cell, ...]] = []
    for at, name in enumerate(names):
        value = round(180_000 * 0.9**at, 2)
        change = 0.12 - 0.01 * at
        rows.append(
            (
                name,
                value,
                value / (1 + change),
                change,
                0.3 - 0.004 * at,
                0.02 - 0.002 * at,
                40 + at,
            )
        )
    total = (None, 1_074_320.55, 992_400.10, 0.0825, 0.254, 0.021, 61.4)
    return Section(
        "by_owner",
        "breakdown",
        t["by_owner"],
        columns,
        tuple(rows),
        total,
        count,
        chart=Chart("hbar", "user.name", ("won",)),
        notes=(t["note"],),
    )


def funnel(t: dict[str, str]) -> Section:
    """Four steps."""
    columns = (
        Column("step", t["stage"], "text", role="dimension"),
        metric("count", t["deals"], "count"),
        metric("rate", t["rate"], "percent"),
    )
    rows = (
        (t["leads"], 18204, None),
        (t["created"], 1248, 0.0686),
        ("Proposal", 690, 0.5529),
        (t["won"], 317, 0.4594),
    )
    return Section("funnel", "funnel", t["funnel"], columns, rows, bars=True)


def reasons(t: dict[str, str]) -> Section:
    """A Pareto of eleven reasons."""
    columns = (
        Column("deal.lost_reason", t["reason"], "text", role="dimension"),
        metric("lost", t["lost"], "count", "down"),
        metric("lost_value", t["amount"], "currency", "down"),
    )
    names = [
        "Price",
        "No budget",
        "Chose a competitor with a broader product range",
        "No decision",
        "Timing",
        "Missing feature",
        "Went silent",
        "Security review",
        "Legal",
        "Duplicate",
        "Other",
    ]
    rows = tuple((name, round(96 * 0.72**at), 96_000.0 * 0.7**at) for at, name in enumerate(names))
    return Section(
        "reasons",
        "breakdown",
        t["reasons"],
        columns,
        rows,
        (None, 311, 310_000.0),
        11,
        chart=Chart("pareto", "deal.lost_reason", ("lost",)),
    )


def ages(t: dict[str, str]) -> Section:
    """A histogram."""
    columns = (
        Column("age", t["age"], "text", role="dimension"),
        metric("deals", t["deals"], "count", "neutral"),
    )
    rows = tuple(
        (name, count)
        for name, count in zip(
            ("0–29", "30–59", "60–89", "90–119", "120–179", "180+"),
            (212, 164, 98, 61, 45, 88),
            strict=True,
        )
    )
    return Section("ages", "breakdown", t["ages"], columns, rows, chart=Chart("histogram", "age", ("deals",)))


def forecast(t: dict[str, str], language: str) -> Section:
    """Stacked bars by month and category, with a goal."""
    columns = (
        Column("period", t["month"], "date", role="period"),
        Column("category", t["category"], "text", role="dimension"),
        metric("forecast", t["amount"], "currency"),
    )
    months = MONTHS[language].split("|")[6:]
    rows, labels = [], []
    for at, month in enumerate(months):
        for k, category in enumerate(("Closed", "Commit", "Best case", "Pipeline")):
            rows.append((date(2026, at + 4, 1), category, 90e3 + 9e3 * at - 15e3 * k))
            labels.append(month)
    return Section(
        "forecast",
        "trend",
        t["forecast"],
        columns,
        tuple(rows),
        row_labels=tuple(labels),
        chart=Chart("stacked", "period", ("forecast",), "category", 400_000.0, None),
    )


def stalled(t: dict[str, str], count: int = 700, available: int = 700) -> Section:
    """Many records."""
    columns = (
        Column("deal.name", t["deal"], "text"),
        Column("user.name", t["owner"], "text"),
        Column("deal.stage", t["stage"], "text"),
        Column("deal.amount", t["amount"], "number", "currency"),
        Column("deal.expected_close", t["closes"], "date"),
        Column("quiet", t["quiet"], "integer", "count"),
    )
    rows = tuple(
        (
            f"{LAST[at % 4]} S.p.A. #{at + 1:04d}",
            f"{FIRST[at % 10]} {LAST[at // 10 % 4]}",
            ("Qualified", "Proposal", "Negotiation")[at % 3],
            Decimal(250_000 - 340 * at),
            date(2026, 1 + at % 9, 1 + at % 28),
            120 - at % 90,
        )
        for at in range(count)
    )
    return Section("stalled", "records", t["stalled"], columns, rows, available_rows=max(available, count))


def pipeline(language: str = "en", rows: int = 700) -> Figures:
    """The whole report in English or Italian."""
    t = TEXTS[language]
    sections = (
        Section("headline", "kpis", t["headline"], kpis=kpis(t)),
        trend(t, language),
        by_owner(t),
        funnel(t),
        Section("won_back", "breakdown", t["nothing"], (metric("n", t["deals"], "count"),), (), None, 0),
        reasons(t),
        ages(t),
        forecast(t, language),
        Section(
            "readme",
            "text",
            t["readme"],
            text=(
                "## Scope\n\nOnly **new business**; see [the handbook](https://example.com/h).\n\n"
                "- first *point*\n- second <b>point</b> with <script>alert(2)</script>\n\n"
                "![image](https://example.com/pixel.png)"
            ),
        ),
        stalled(t, rows, rows),
    )
    return figures(language, sections)


def figures(language: str, sections: tuple[Section, ...], **more: object) -> Figures:
    """A report around any sections."""
    t = TEXTS[language]
    made = Figures(
        report="pipeline",
        report_label=t["report"],
        title=t["title"],
        period=PeriodFigures(date(2026, 7, 1), date(2026, 10, 1), "Q3 2026"),
        compare=PeriodFigures(date(2026, 4, 1), date(2026, 7, 1), "Q2 2026"),
        as_of=datetime(2026, 10, 1, 0, 0),
        source_label="demo.duckdb",
        data_as_of=datetime(2026, 9, 30, 16, 42, tzinfo=UTC),
        filters=t["filters"],
        sections=sections,
        definitions=(
            Definition(
                "won",
                t["won"],
                "Amounts of deals closed as won within the period, in the report's currency.",
                "sum(deal.amount) where deal.status = 'won'",
                "currency",
                "9f2c4b7a1e0d5c33ab",
                1248,
            ),
            Definition(
                "win_rate",
                t["rate"],
                "Won deals among all deals closed within the period.",
                "won_deals / closed_deals",
                "percent",
                "9f2c4b7a1e0d5c33ab",
                None,
            ),
        ),
        statements=(
            Statement("headline", "SELECT 1", "9f2c4b7a1e0d5c33ab", 1, 0.2),
            Statement("by_owner", "SELECT 2", "0d5c33ab9f2c4b7a1e", 40, 0.1),
        ),
        footnotes=(t["caveat1"], t["caveat2"]),
        language=language,
        locale={"en": "en-US", "it": "it-IT"}[language],
        currency="EUR",
        timezone="Europe/Rome",
        row_counts=(("Deals", 12_345), ("Leads", 18_204), ("Users", 40)),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def one_page(language: str = "en") -> Figures:
    """The headline and two charts, for measuring."""
    t = TEXTS[language]
    sections = (
        Section("headline", "kpis", t["headline"], kpis=kpis(t)[:8]),
        trend(t, language),
        funnel(t),
    )
    return replace(figures(language, sections), definitions=(), statements=(), row_counts=())


def save(folder: Path) -> None:
    """Lay out both languages, and a small brand with a logo on Letter paper."""
    from reportspec.render import render_html, render_pdf

    folder.mkdir(parents=True, exist_ok=True)
    spec = "version: 1\nreport: pipeline\nperiod: 2026-Q3\n"
    logo = (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="40" height="40"'
        b' rx="8" fill="#0f766e"/><circle cx="20" cy="20" r="9" fill="#fff"/></svg>'
    )
    brand = Theme("#0f766e", "Letter", logo, "image/svg+xml")
    for name, made in (
        ("en", pipeline("en")),
        ("it", pipeline("it", rows=30)),
        ("page", replace(one_page(), theme=brand)),
    ):
        (folder / f"{name}.pdf").write_bytes(render_pdf(made, spec))
        (folder / f"{name}.html").write_text(render_html(made), encoding="utf-8")


if __name__ == "__main__":
    save(Path(sys.argv[1]))
