"""A CRM in CSV files in which everything tells whose it is: every text of a person's rows has that
person's canary, and every amount is a multiple of that person's prime."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import duckdb
import yaml
from pypdf import PdfReader
from sqlglot import exp

from reportspec.building import run_report
from reportspec.burst.burst import run_each
from reportspec.burst.mark import put
from reportspec.compile import compile_report
from reportspec.model.figures import Figures, Section
from reportspec.model.spec import Report
from reportspec.timings import Timings
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PERIOD = "2026-Q3"
START, END = date(2026, 7, 1), date(2026, 10, 1)

HOSTILE = (
    "Rossi", "rossi", "ROSSI", "Rossi ", " Rossi",
    "O'Brien", "O''Brien", 'Anna "Ann" Berg', "100% Sure", "a_b", "back\\slash", "trail\\", "\\'; --",
    "'; DROP TABLE deals; --", "x' OR '1'='1", "{{ each }}", "{{ each.email }}", "{{ each.value }}", "{each}",
    "Jos\u00e9 Mu\u00f1oz", "Jose\u0301 Mun\u0303oz", "محمد علي", "דוד לוי", "Anna \u202egnp.exe", "🦊 Fox",
    "Anna-Maria Berg", "Anna Maria Berg", "anna.maria.berg", "won", "null", "=1+1", "<b>Bold</b> & Co",
    "tab\tbed", "Straße", "STRASSE", "L" * 300, "L" * 299 + "M",
)  # fmt: skip
"""Names that are equal to another by some rule, or that are code somewhere."""

STAGES = (("New", 0.1), ("Talk", 0.4), ("Offer", 0.7), ("Won", 1), ("Lost", 0))

_MAPPING: dict[str, Any] = {
    "user": ("users", {"name": "name", "email": "email", "team": "team", "is_active": "active"}),
    "account": ("accounts", {"name": "name", "industry": "industry", "country": "country", "owner_id": "owner_id",
                             "parent_account_id": "parent", "created_at": "created"}),
    "deal": ("deals", {"name": "name", "account_id": "account_id", "owner_id": "owner_id", "stage_id": "stage_id",
                       "status": "status", "amount": "amount", "source": "source", "lead_type": "lead_type",
                       "campaign_id": "campaign_id", "lead_id": "lead_id", "created_at": "created",
                       "expected_close_date": {"sql": "expected", "type": "date"}, "closed_at": "closed",
                       "loss_reason": "loss_reason", "lost_stage_id": "lost_stage_id", "competitor": "competitor",
                       "updated_at": "updated"}),
    "deal_stage_history": ("history", {"deal_id": "deal_id", "stage_id": "stage_id", "entered_at": "entered"}),
    "lead": ("leads", {"email": "email", "company": "company", "owner_id": "owner_id", "source": "source",
                       "status": "status", "created_at": "created", "first_response_at": "answered",
                       "converted_at": "converted", "converted_account_id": "account_id",
                       "converted_deal_id": "deal_id", "campaign_id": "campaign_id"}),
    "activity": ("activities", {"type": "type", "direction": "direction", "subject": "subject",
                                "owner_id": "owner_id", "deal_id": "deal_id", "lead_id": "lead_id",
                                "created_at": "created", "due_at": "due", "done_at": "done", "outcome": "outcome",
                                "duration_seconds": "seconds"}),
    "campaign": ("campaigns", {"name": "name", "channel": "channel", "status": "status", "started_at": "started",
                               "actual_cost": "cost", "budget": "cost"}),
    "product": ("products", {"name": "name", "family": "family", "tier": "tier", "unit_cost": "cost"}),
    "deal_product": ("lines", {"deal_id": "deal_id", "product_id": "product_id", "quantity": "quantity",
                               "amount": "amount"}),
    "goal": ("quotas", {"metric": "metric", "dimension": "dimension", "value": "value",
                        "starts_on": {"sql": "since", "type": "date"}, "ends_on": {"sql": "until", "type": "date"},
                        "target": "target"}),
}  # fmt: skip
_KEYLESS = ("deal_stage_history", "deal_product", "goal")

_PROJECT = """
version: 1
source:
  files: {{{files}}}
mapping: mapping.yaml
timezone: Europe/Rome
locale: en_GB
currency: EUR
deliver:
  smtp: smtp://127.0.0.1:{port}
  from: Reports <reports@example.com>
  allow: ["@example.com"]
"""


# --- the rows ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """A salesperson. `number` is in the canary and the address, `prime` divides all amounts."""

    number: int
    name: str
    email: str
    team: str
    prime: int
    active: bool = True

    @property
    def canary(self) -> str:
        return f"Zq{self.number:05d}qZ"


def primes(count: int, start: int = 1009) -> list[int]:
    """The first primes from a number on."""
    found: list[int] = []
    at = start
    while len(found) < count:
        if all(at % d for d in range(2, int(at**0.5) + 1)):
            found.append(at)
        at += 1
    return found


def people(names: Iterable[str], teams: Sequence[str] = ("North", "South")) -> list[Person]:
    """A person for each name, each with an address and a prime of their own."""
    listed = list(names)
    return [
        Person(n, name, f"p{n:05d}@example.com", teams[n % len(teams)], prime)
        for n, (name, prime) in enumerate(zip(listed, primes(len(listed)), strict=True))
    ]


Row = dict[str, Any]
Tables = dict[str, list[Row]]


def rows_of(person: Person, deals: int | None = None) -> Tables:
    """The rows of one person, from three years' first half to a week after the period. How many
    there are and when things happen differs from person to person."""
    n, c, p = person.number, person.canary, person.prime
    count = 6 + n % 5 if deals is None else deals
    told: Tables = {name: [] for name, _ in _MAPPING.values()}
    told["users"] = [
        {"id": f"U{n}", "name": person.name, "email": person.email, "team": person.team, "active": person.active}
    ]
    told["accounts"] = [
        {
            "id": f"A{n}-{k}",
            "name": f"Account {k} {c}",
            "industry": f"Industry {c}",
            "country": f"Land {c}",
            "owner_id": f"U{n}",
            "parent": f"A{n}-0" if k else None,
            "created": "2025-01-10 09:00:00",
        }
        for k in range(3)
    ]
    told["campaigns"] = [
        {
            "id": f"C{n}",
            "name": f"Campaign {c}",
            "channel": f"Channel {c}",
            "status": "sent",
            "started": "2026-07-03 09:00:00",
            "cost": p * 3,
        }
    ]
    told["products"] = [{"id": f"P{n}", "name": f"Product {c}", "family": f"Family {c}", "tier": 1, "cost": p}]
    for k in range(count):
        _deal(told, person, k)
    for k in range(4 if deals is None else min(deals, 4)):
        created = START + timedelta(days=(k * 11 + n * 3) % 80)
        converted = created + timedelta(days=6) if k % 2 and k < count else None
        told["leads"].append(
            {
                "id": f"L{n}-{k}",
                "email": f"lead{k}.{c}@elsewhere.example",
                "company": f"Company {k} {c}",
                "owner_id": f"U{n}",
                "source": f"{('Web', 'Fair')[k % 2]} {c}",
                "status": f"status {c}",
                "created": _time(created),
                "answered": _time(created + timedelta(days=1)) if k else None,
                "converted": _time(converted),
                "account_id": f"A{n}-{k % 3}" if converted else None,
                "deal_id": f"D{n}-{k}" if converted else None,
                "campaign_id": f"C{n}",
            }
        )
    for k in range(5 if deals is None else min(deals, 5)):
        planned = k >= 3
        day = END + timedelta(days=k) if planned else START + timedelta(days=(k * 17 + n) % 85)
        told["activities"].append(
            {
                "id": f"V{n}-{k}",
                "type": ("call", "meeting", "email")[k % 3],
                "direction": "outbound",
                "subject": f"Subject {k} {c}",
                "owner_id": f"U{n}",
                "deal_id": f"D{n}-{k % max(count, 1)}",
                "lead_id": None,
                "created": _time(day - timedelta(days=9)),
                "due": _time(day),
                "done": None if planned else _time(day),
                "outcome": f"Outcome {c}",
                "seconds": p,
            }
        )
    told["quotas"] = [
        {
            "metric": "won_amount",
            "dimension": "user.name",
            "value": person.name,
            "since": "2026-07-01",
            "until": "2026-09-30",
            "target": p * 20,
        }
    ]
    return told


def _deal(told: Tables, person: Person, k: int) -> None:
    n, c = person.number, person.canary
    status = ("won", "lost", "open")[k % 3]
    created = date(2026, 2, 2) + timedelta(days=(k * 23 + n * 5) % 150)
    closed = created + timedelta(days=25 + (k * 7 + n) % 70) if status != "open" else None
    last = {"won": "Won", "lost": "Lost", "open": "Talk"}[status]
    told["deals"].append(
        {
            "id": f"D{n}-{k}",
            "name": f"Deal {k} {c}",
            "account_id": f"A{n}-{k % 3}",
            "owner_id": f"U{n}",
            "stage_id": last,
            "status": status,
            "amount": person.prime * (k + 1),
            "source": f"{('Web', 'Fair')[k % 2]} {c}",
            "lead_type": f"Type {c}",
            "campaign_id": f"C{n}",
            "lead_id": f"L{n}-{k}" if k < 4 else None,
            "created": _time(created),
            "expected": (date(2026, 8, 15) if k % 2 else date(2026, 9, 20)).isoformat(),
            "closed": _time(closed),
            "loss_reason": f"Reason {k % 2} {c}" if status == "lost" else None,
            "lost_stage_id": "Offer" if status == "lost" else None,
            "competitor": f"Rival {c}",
            "updated": "2026-10-31 10:00:00",
        }
    )
    steps = [("New", created), ("Talk", created + timedelta(days=5 + k % 4))]
    if closed is not None:
        steps += [("Offer", created + timedelta(days=12 + n % 6)), (last, closed)]
    told["history"] += [{"deal_id": f"D{n}-{k}", "stage_id": stage, "entered": _time(day)} for stage, day in steps]
    told["lines"].append(
        {"deal_id": f"D{n}-{k}", "product_id": f"P{n}", "quantity": 1, "amount": person.prime * (k + 1)}
    )


def _time(day: date | None) -> str | None:
    return f"{day.isoformat()} 10:00:00" if day is not None else None


def together(parts: Iterable[Tables]) -> Tables:
    """The rows of all, in one set of tables."""
    made: Tables = {name: [] for name, _ in _MAPPING.values()}
    for part in parts:
        for name, rows in part.items():
            made[name] += rows
    return made


# --- the project ---------------------------------------------------------------------------------


def project(folder: Path, tables: Tables, port: int = 9) -> Path:
    """A project over the rows, which may send to a server of this machine."""
    for name, rows in tables.items():
        sample = rows_of(people(["x"])[0])[name][0]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(sample))
            writer.writeheader()
            writer.writerows(rows)
    entities: dict[str, Any] = {}
    for name, (table, fields) in _MAPPING.items():
        entities[name] = {"table": table, "fields": fields}
        if name not in _KEYLESS:
            entities[name]["key"] = "id"
    entities["stage"] = {
        "rows": [
            {
                "stage_id": name,
                "name": name,
                "position": at,
                "probability": chance,
                "is_won": name == "Won",
                "is_lost": name == "Lost",
            }
            for at, (name, chance) in enumerate(STAGES, 1)
        ]
    }
    (folder / "mapping.yaml").write_text(yaml.safe_dump({"entities": entities}), "utf-8")
    files = ", ".join(f"{name}: {name}.csv" for name in tables)
    (folder / "reportspec.yaml").write_text(_PROJECT.format(files=files, port=port), "utf-8")
    return folder


def checked(folder: Path, spec: Mapping[str, Any], name: str = "burst.yaml") -> tuple[Report, str]:
    """A spec as it is checked, and its text. Mistakes fail the test."""
    path = folder / name
    told = {"version": 1, "period": PERIOD, **spec}
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    found = load_report(path, NOW, {})
    assert found.report is not None, [one.message for one in found.diagnostics]
    return found.report, found.spec_text


def of_each(folder: Path, spec: Mapping[str, Any], *only: str) -> dict[str, Figures]:
    """The figures of each value of a spec with `for_each`."""
    report, _ = checked(folder, spec)
    made = run_each(compile_report(report), Timings(), only)
    return {one.value: figures for one, figures in made}


def of_all(folder: Path, spec: Mapping[str, Any]) -> Figures:
    """The figures of a spec without `for_each`."""
    report, _ = checked(folder, spec, "all.yaml")
    return run_report(compile_report(report))


def of_one(folder: Path, spec: Mapping[str, Any], value: str, by: str = "user.name") -> Figures:
    """The figures of the same spec as a report with a filter, by the way that all reports go."""
    told = {key: one for key, one in spec.items() if key not in ("for_each", "deliver")}
    # By a parameter, since a value that looks like `{{ … }}` would be one.
    told["params"] = {"one": {"type": "string", "default": value}}
    return of_all(
        folder,
        {**told, "filters": [*told.get("filters", ()), {"field": by, "eq": "{{ params.one }}"}]},
    )


def statements(report: Report, value: str) -> list[tuple[str, exp.Expr]]:
    """A value's statements by section and purpose, as they are checked before they are run."""
    return [(f"{one.query.section} {one.purpose}", put(one.tree, value)) for one in compile_report(report)]


def database(folder: Path) -> duckdb.DuckDBPyConnection:
    """The project's tables in a database of its own."""
    raw = duckdb.connect()
    for path in sorted(folder.glob("*.csv")):
        raw.execute(f"CREATE TABLE {path.stem} AS FROM read_csv('{path}', header = true, sample_size = -1)")
    return raw


# --- comparing -----------------------------------------------------------------------------------


def unlike(one: Figures, other: Figures, *, idle: bool = False) -> list[str]:
    """Where two reports differ in what they show. Without `idle`, rows of nothing but empty figures
    are left aside: a report with a filter also lists stages in which there is nothing."""
    found = []
    if [s.id for s in one.sections] != [s.id for s in other.sections]:
        return ["sections"]
    for mine, theirs in zip(one.sections, other.sections, strict=True):
        left, right = _shown(mine, idle), _shown(theirs, idle)
        found += [f"{mine.id}.{key}: {left[key]} and {right[key]}" for key in left if not equal(left[key], right[key])]
    return found


def _shown(section: Section, idle: bool) -> dict[str, Any]:
    metrics = [at for at, column in enumerate(section.columns) if column.role in ("metric", "previous")]
    rows = [
        row
        for row in section.rows
        if idle or section.kind != "breakdown" or any(row[at] not in (None, 0) for at in metrics)
    ]
    if not idle:
        rows = sorted(rows, key=str) if section.kind == "breakdown" else rows
    return {
        "columns": [column.name for column in section.columns],
        "rows": rows,
        "total": section.total if rows or idle else None,
        "kpis": [(kpi.column.name, kpi.value, kpi.previous, kpi.change, kpi.spark) for kpi in section.kpis],
        "labels": section.row_labels,
        "notes": section.notes,
        "text": section.text,
        "highlights": [
            (one.kind, one.metric, [(name, told.value) for name, told in one.values], one.cases, one.good)
            for one in section.highlights
        ],
        "others": section.others,
    }


def equal(one: Any, other: Any) -> bool:
    """Equal, numbers but for their last digits."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    numbers = (int, float, Decimal)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return abs(float(one) - float(other)) <= 1e-9 * max(1.0, abs(float(one)))
    return bool(one == other)


def table(figures: Figures, section: str) -> list[Row]:
    """A section's rows by column."""
    [one] = [s for s in figures.sections if s.id == section]
    return [{c.name: v for c, v in zip(one.columns, row, strict=True)} for row in one.rows]


def whole(figures: Figures, section: str) -> Row:
    """A section's total by column."""
    [one] = [s for s in figures.sections if s.id == section]
    assert one.total is not None
    return {c.name: v for c, v in zip(one.columns, one.total, strict=True)}


def tiles(figures: Figures) -> Row:
    """The tiles' values by metric."""
    return {str(kpi.column.metric): kpi.value for section in figures.sections for kpi in section.kpis}


# --- who is named --------------------------------------------------------------------------------

_MARKS = re.compile(r"Zq(\d{5})qZ|(?<![0-9A-Za-z])p(\d{5})@")


def named(text: str) -> set[int]:
    """The numbers of the people whose canary or address stands in a text. Lines may be broken
    within a word, so that all blanks are left out first."""
    bare = re.sub(r"[\s\u00ad\u200b]+", "", text)
    marks = re.compile(r"Zq(\d{5})qZ").findall(bare)
    return {int(one) for one in marks} | {int(b) for _, b in _MARKS.findall(text) if b}


def all_texts(figures: Figures) -> str:
    """Everything that figures say, the statements included."""
    return repr(figures)


def in_pdf(data: bytes) -> str:
    """All that can be read in a PDF: pages, information, outline, attachments and their names."""
    reader = PdfReader(io.BytesIO(data))
    parts = [page.extract_text() for page in reader.pages]
    parts += [f"{key} {value}" for key, value in (reader.metadata or {}).items()]
    parts.append(repr(reader.outline))
    for name, contents in reader.attachments.items():
        parts += [name, *(one.decode("utf-8", "replace") for one in contents)]
    root: Any = reader.trailer["/Root"]
    if "/Metadata" in root:
        parts.append(root["/Metadata"].get_object().get_data().decode("utf-8", "replace"))
    return "\n".join(parts)


def in_file(name: str, data: bytes) -> str:
    """All that can be read in a file of a report."""
    if name.endswith(".pdf"):
        return in_pdf(data)
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            return "\n".join(book.read(one).decode("utf-8", "replace") for one in book.namelist())
    text = data.decode("utf-8")
    # A web page brings its tables and its spec along.
    parts = re.findall(r"data:[a-z/+.-]+[^,\"']*;base64,([A-Za-z0-9+/=]+)", text)
    return "\n".join([text, *(base64.b64decode(one).decode("utf-8", "replace") for one in parts)])


@dataclass
class Read:
    """A mail as it was read: headers and bodies, and its attachments by name."""

    head: str
    bodies: str
    files: dict[str, str] = field(default_factory=dict)

    @property
    def everything(self) -> str:
        return "\n".join([self.head, self.bodies, *self.files, *self.files.values()])


def in_mail(message: EmailMessage) -> Read:
    """All that can be read in a mail."""
    read = Read("\n".join(f"{key}: {value}" for key, value in message.items()), "")
    for part in message.walk():
        if part.is_multipart():
            continue
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        name = part.get_filename()
        if name:
            read.files[name] = in_file(name, data)
        else:
            read.bodies += data.decode("utf-8") + "\n"
    return read
