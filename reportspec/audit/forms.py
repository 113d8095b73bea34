"""An audit as a table, JSON, JUnit's XML, or Markdown for a pull request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any
from xml.etree import ElementTree as Xml

from reportspec.audit.endangered import endangered
from reportspec.diagnostics import harmless, harmless_json, text_width
from reportspec.languages import as_part, in_number
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.audit_wording import (
    about,
    called,
    field_called,
    lacking,
    level_called,
    meaning_of,
    measured,
    money,
    remedy_of,
    share,
    shown_key,
    shown_value,
    words,
)
from reportspec.measures.audit_wording import text_in as told
from reportspec.measures.systems import to_do
from reportspec.model.audits import Audit, AuditCheck, Earlier, EntityAudit, Example, Level, Outcome
from reportspec.model.settings import System
from reportspec.resolve.binding import Binding

_NAMED = 10  # values of which the mapping makes nothing
FOUND: tuple[Level, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Shown:
    """An audit with what it takes to print it: the audits before, the language, whether personal values may be read,
    whether only what got worse is printed, and the systems that the project lists."""

    audit: Audit
    binding: Binding
    language: str
    earlier: Earlier
    personal: bool = False
    only_worse: bool = False
    systems: tuple[System, ...] = ()

    def findings(self, entity: EntityAudit) -> list[Outcome]:
        """What is printed of an entity, the worst first, and of that what concerns most rows."""
        found = [outcome for outcome in entity.outcomes if outcome.level in FOUND]
        if self.only_worse:
            found = [outcome for outcome in found if self.earlier.worse(outcome)]
        return sorted(found, key=lambda one: (FOUND.index(one.level), -one.broken, one.check.id))

    def all_findings(self) -> list[Outcome]:
        """What is printed of all entities."""
        return list(chain.from_iterable(map(self.findings, self.audit.entities)))

    def called(self, outcome: Outcome) -> str:
        """What the broken rows are called."""
        return called(self.binding, outcome.check, self.language)

    def plural(self, entity: str) -> str:
        """What the records of an entity are called."""
        return told(self.binding.entity(entity).plural, self.language)

    def unmapped(self, outcome: Outcome) -> str:
        """The values of which the mapping makes nothing, behind what is said of a check."""
        named = [f"`{value}` ({self.number(count)})" for value, count in outcome.unmapped[:_NAMED]]
        more = ", …" if len(outcome.unmapped) > _NAMED else ""
        return f". {self.word('unmapped', ', '.join(named) + more)}" if named else ""

    def number(self, value: int | None) -> str:
        """A number as the language writes it."""
        return "" if value is None else in_number(self.language, value)

    def change(self, outcome: Outcome) -> str:
        """How a check stands beside the audits before."""
        change = self.earlier.change(outcome)
        if change is None:
            return self.word("new") if self.earlier.at is not None else ""
        key = "worse" if change > 0 else "better" if change < 0 else "same"
        return self.word(key, self.number(abs(change)))

    @property
    def nothing(self) -> str:
        """That nothing is wrong, or has got worse."""
        since = self.earlier.at if self.only_worse else None
        return self.word("no_worse", since.date().isoformat()) if since is not None else self.word("none")

    def word(self, key: str, *values: object) -> str:
        """A word of audits."""
        return words(self.language, key, *values)

    def shown(self, outcome: Outcome) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """The examples of a check: key, name, and the values by their fields, masked where they are personal."""
        entity = outcome.check.entity
        return [
            (
                self._key(entity, example.key),
                self._value(_name_field(self.binding, entity, example), example.called, outcome.check),
                [(path, self._value(path, value, outcome.check)) for path, value in example.values],
            )
            for example in outcome.examples
        ]

    def to_do(self, system: System) -> list[str]:
        """What is missing of a system, or overdue."""
        return to_do(system, self.audit.at.astimezone(self.binding.zone).date(), self.language)

    def _key(self, entity: str, key: str) -> str:
        return key if self.personal else shown_key(self.binding, entity, key)

    def _value(self, path: str, value: str, check: AuditCheck) -> str:
        return value if self.personal else shown_value(self.binding, path, value, check)

    @property
    def last_day(self) -> str:
        """The last day of the data, where they end before the audit; else nothing."""
        day = self.audit.last_day(self.binding.zone)
        return day.isoformat() if day is not None else ""

    def headline(self) -> list[str]:
        """How good the data are, in sentences."""
        audit = self.audit
        lines = [
            self.word(
                "clean",
                self.number(audit.clean),
                self.number(audit.rows),
                share(audit.clean, audit.rows, self.language),
            )
        ]
        if audit.ended is not None:
            lines.append(self.word("data_ended", self.last_day))
        if audit.unjudged:
            lines.append(self.word("unjudged", ", ".join(self.plural(one.entity) for one in audit.unjudged)))
        for entity in audit.entities:
            if entity.open:
                worth = money(entity.amount, audit.currency, self.language)
                of = self.plural(entity.entity)
                of = of if self.word("touched").startswith("{1}") else as_part(self.language, of)
                told = "touched" if entity.amount is not None else "touched_unpriced"
                lines.append(self.word(told, self.number(entity.open), of, worth))
        changes = [self.earlier.change(outcome) for outcome in audit.outcomes if outcome.level != "not_applicable"]
        known = [change for change in changes if change is not None]
        if self.earlier.at is not None and known:
            counts = (sum(c < 0 for c in known), sum(c > 0 for c in known), sum(c == 0 for c in known))
            day = self.earlier.at.date().isoformat()
            lines.append(self.word("since", day, *map(self.number, counts)))
        return lines


def _name_field(binding: Binding, entity: str, example: Example) -> str:
    return f"{entity}.{example.named_by}" if example.named_by else ""


def as_table(shown: Shown) -> str:
    """The audit for a terminal."""
    lines = [*shown.headline(), ""]
    head = ["", shown.word("check"), shown.word("broken"), shown.word("looked"), shown.word("open")]
    head += [shown.word("worth"), shown.word("change"), ""]
    rows: list[list[str]] = []
    for outcome in shown.all_findings():
        rows.append(
            [
                level_called(outcome.level, shown.language),
                outcome.check.id,
                shown.number(outcome.broken),
                shown.number(outcome.looked),
                shown.number(outcome.open or None),
                money(outcome.amount or None, shown.audit.currency, shown.language),
                shown.change(outcome),
                f"{shown.called(outcome)}{_first_keys(shown, outcome)}{shown.unmapped(outcome)}",
            ]
        )
    if rows:
        lines += _aligned([head, *rows], right={2, 3, 4, 5, 6})
    else:
        lines.append(shown.nothing)
    absent = [outcome for outcome in shown.audit.outcomes if outcome.level == "not_applicable"]
    if absent and not shown.only_worse:
        lines += ["", f"{shown.word('not_applicable')}:"]
        lines += [f"  {outcome.check.id}: {lacking(outcome, shown.language)}" for outcome in absent]
    known = [outcome for outcome in shown.audit.outcomes if outcome.level == "known"]
    if known and not shown.only_worse:
        lines += ["", f"{shown.word('known')}:"]
        lines += [f"  {o.check.id}, {about(o)} ({shown.number(o.broken)}): {o.reason}" for o in known]
    if shown.systems and not shown.only_worse:
        lines += ["", f"{shown.word('systems')}:"]
        lines += [
            f"  {harmless(one.name)}: {'; '.join(shown.to_do(one)) or shown.word('all_well')}" for one in shown.systems
        ]
    return "\n".join(line.rstrip() for line in lines)


def _first_keys(shown: Shown, outcome: Outcome) -> str:
    if outcome.expected is not None:
        return f" ({measured(outcome, shown.language)})"
    keys = [key or name for key, name, _ in shown.shown(outcome)]
    named = ", ".join(key for key in keys if key)
    return f" ({named}{', …' if outcome.broken > len(keys) else ''})" if named else ""


def _aligned(rows: list[list[str]], right: set[int]) -> list[str]:
    rows = [[harmless(cell).replace("\n", " ") for cell in row] for row in rows]
    used = [at for at in range(len(rows[0])) if any(row[at] for row in rows[1:])]
    widths = {at: max(text_width(row[at]) for row in rows) for at in used}

    def padded(cell: str, at: int) -> str:
        blank = " " * (widths[at] - text_width(cell))
        return f"{blank}{cell}" if at in right else f"{cell}{blank}"

    return ["  ".join(padded(row[at], at) for at in used) for row in rows]


def as_json(shown: Shown) -> str:
    """The audit as data, with the names of checks and fields as they are in the catalogue."""
    audit = shown.audit
    endangers = endangered(shown.binding, audit, [outcome.check for outcome in shown.all_findings()])
    data = {
        "at": audit.at.isoformat(timespec="seconds"),
        "data_end": shown.last_day or None,
        "currency": audit.currency,
        "records": audit.rows,
        "without_error": audit.clean,
        "earlier": shown.earlier.at.isoformat(timespec="seconds") if shown.earlier.at else None,
        "entities": [_entity_data(shown, entity, endangers) for entity in audit.entities],
        "systems": [
            {"system": one.name, "owner": one.owner, "access": list(one.access), "to_do": shown.to_do(one)}
            for one in shown.systems
        ],
    }
    return harmless_json(json.dumps(data, ensure_ascii=False, indent=2))


def _entity_data(shown: Shown, entity: EntityAudit, endangers: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    outcomes: Iterable[Outcome] = entity.outcomes
    if shown.only_worse:
        outcomes = shown.findings(entity)
    return {
        "entity": entity.entity,
        "records": entity.rows,
        "without_error": entity.clean,
        "open_with_error": entity.open,
        "amount_with_error": float(entity.amount) if entity.amount is not None else None,
        "coverage": {one.field: one.there for one in entity.coverage},
        "checks": [_outcome_data(shown, outcome, endangers) for outcome in outcomes],
    }


def _outcome_data(shown: Shown, outcome: Outcome, endangers: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        "check": outcome.check.id,
        "of": about(outcome),
        "level": outcome.level,
        "severity": outcome.check.severity,
        "label": shown.called(outcome),
        "broken": outcome.broken,
        "looked_at": outcome.looked,
        "change": shown.earlier.change(outcome) if outcome.level != "not_applicable" else None,
        "measured": outcome.measured,
        "expected": list(outcome.expected) if outcome.expected is not None else None,
        "open": outcome.open,
        "amount": float(outcome.amount) if outcome.amount is not None else None,
        "meaning": meaning_of(outcome.check, shown.language),
        "remedy": remedy_of(outcome.check, shown.language),
        "endangers": list(endangers.get(outcome.check.key, outcome.check.endangers)),
        "lacks": lacking(outcome, shown.language) if outcome.lacks else "",
        "reason": outcome.reason,
        "unmapped": dict(outcome.unmapped),
        "examples": [{"key": key, "name": name, "values": dict(values)} for key, name, values in shown.shown(outcome)],
    }


def as_junit(shown: Shown) -> str:
    """The audit as JUnit has tests: a suite for each entity, a case for each check. Errors fail; what is less says so
    in its output."""
    root = Xml.Element("testsuites", name="audit")
    for entity in shown.audit.entities:
        asked = [outcome for outcome in entity.outcomes if not shown.only_worse or shown.earlier.worse(outcome)]
        failed = sum(outcome.level == "error" for outcome in asked)
        absent = sum(outcome.level in ("not_applicable", "known") for outcome in asked)
        counts = {"tests": str(len(asked)), "failures": str(failed), "skipped": str(absent)}
        suite = Xml.SubElement(root, "testsuite", {"name": entity.entity, **counts})
        for outcome in asked:
            name = outcome.check.id if outcome.check.contract is None else f"{outcome.check.id} {about(outcome)}"
            case = Xml.SubElement(suite, "testcase", classname=f"audit.{entity.entity}", name=name)
            counted = measured(outcome, shown.language) or f"{outcome.broken} / {outcome.looked}"
            message = f"{shown.called(outcome)}: {counted}{shown.unmapped(outcome)}"
            if outcome.level == "error":
                failure = Xml.SubElement(case, "failure", message=_xml(message), type="error")
                failure.text = _xml("\n".join(_example_lines(shown, outcome)))
            elif outcome.level in ("warning", "info"):
                Xml.SubElement(case, "system-out").text = _xml(f"{outcome.level}: {message}")
            elif outcome.level in ("not_applicable", "known"):
                why = outcome.reason or lacking(outcome, shown.language)
                Xml.SubElement(case, "skipped", message=_xml(why))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """A text without the signs that XML cannot have."""
    return harmless(text)


def _example_lines(shown: Shown, outcome: Outcome) -> list[str]:
    return [
        " ".join(filter(None, (key, name, *(f"{path}={value}" for path, value in values))))
        for key, name, values in shown.shown(outcome)
    ]


def as_markdown(shown: Shown) -> str:
    """The audit for a pull request."""
    lines = [f"## {shown.word('title')}", ""]
    lines += [f"- {line}" for line in shown.headline()]
    head = [
        shown.word(key) for key in ("severity", "check", "broken", "looked", "worth", "change", "examples", "remedy")
    ]
    for entity in shown.audit.entities:
        found = shown.findings(entity)
        if not found:
            continue
        title = shown.plural(entity.entity)
        if entity.judged:  # of others nobody knows that they have no error
            counts = (shown.number(entity.clean), shown.number(entity.rows))
            title = shown.word("clean_of", title, *counts, share(entity.clean, entity.rows, shown.language))
        lines += ["", f"### {_md(title)}", "", _row(head), _row(["---"] * len(head))]
        lines += [_row([_md(cell) for cell in _cells(shown, outcome)]) for outcome in found]
        if not shown.only_worse:
            lines += ["", *_coverage_lines(shown, entity)]
    if not shown.all_findings():
        lines += ["", shown.nothing]
    if shown.systems and not shown.only_worse:
        names = [shown.word(key) for key in ("system", "system_owner", "access", "to_do")]
        lines += ["", f"### {shown.word('systems')}", "", _row(names), _row(["---"] * len(names))]
        for one in shown.systems:
            cells = (one.name, one.owner, ", ".join(one.access), "; ".join(shown.to_do(one)))
            lines.append(_row([_md(cell) for cell in cells]))
    return "\n".join(lines) + "\n"


def _cells(shown: Shown, outcome: Outcome) -> list[str]:
    examples = measured(outcome, shown.language) or "; ".join(_example_lines(shown, outcome))
    return [
        level_called(outcome.level, shown.language),
        f"{shown.called(outcome)}{shown.unmapped(outcome)}",
        shown.number(outcome.broken),
        shown.number(outcome.looked),
        money(outcome.amount or None, shown.audit.currency, shown.language),
        shown.change(outcome),
        examples,
        remedy_of(outcome.check, shown.language),
    ]


def _coverage_lines(shown: Shown, entity: EntityAudit) -> list[str]:
    """The fields that some records lack, those that most lack first."""
    gaps = sorted((one for one in entity.coverage if one.there < entity.rows), key=lambda one: one.there)
    named = [
        f"{field_called(shown.binding, f'{entity.entity}.{one.field}', shown.language)}"
        f" {share(one.there, entity.rows, shown.language)}"
        for one in gaps
    ]
    return [f"{shown.word('coverage_of', shown.number(entity.rows))}: {_md('; '.join(named))}"] if named else []


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _md(text: str) -> str:
    """A text of the data, with nothing that Markdown or HTML would read."""
    text = harmless(text).replace("\n", " ").replace("\\", "\\\\")
    for sign in "|*_`[]#":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


FORMS: Mapping[str, Callable[[Shown], str]] = {
    "table": as_table,
    "json": as_json,
    "junit": as_junit,
    "md": as_markdown,
}
