"""Checks of the kind `determined_by` that are proposed from the data, with their support: which field of an entity is
nearly always the same where another one is. People confirm them; nothing is asked by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import yaml
from sqlglot import exp

from reportspec.catalogue.load import audit_from
from reportspec.lazy_dataclass import dataclass
from reportspec.model.audits import AuditCheck
from reportspec.resolve.audit_conditions import need_check
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.sql.agreement import agreement_statement

if TYPE_CHECKING:
    from reportspec.model.rows import Table

LEAST_ROWS = 20  # that share what determines with another one
LEAST_GROUPS = 3  # of such rows
LEAST_SHARE = 0.2  # of all rows that have both fields: else what determines is nearly a key
LEAST_SUPPORT = 0.95
# How much less often the value is missed by who knows what determines it than by who always says the commonest one
# (Goodman and Kruskal's lambda): a field that is nearly always the same is determined by nothing.
LEAST_GAIN = 0.8
_DOMAIN = "lower(trim(split_part({0}, '@', 2)))"


@dataclass(frozen=True, slots=True)
class Dependency:
    """A check that is proposed: as it is written in a file of `audits`, of how many rows, and which share of them
    have what most have."""

    spec: Mapping[str, Any]
    rows: int
    support: float


def dependencies(
    binding: Binding, names: Callable[[str], bool], now: datetime, ask: Callable[[exp.Expr], Table]
) -> Iterator[Dependency]:
    """Those of the entities that are asked for by name, the strongest of each first. Raises SourceError."""
    for name, mapped in binding.source.entities.items():
        if not mapped.parts or not names(name):
            continue
        found = [one for spec, check in _candidates(binding, name) if (one := _of(binding, spec, check, now, ask))]
        yield from sorted(found, key=lambda one: (-one.support, -one.rows, one.spec["audit"]))


def as_yaml(found: list[Dependency]) -> str:
    """The checks as a file of `audits`, each below what it rests on."""
    lines = ["# Proposed from the data: keep what is a rule, and remove the rest.", "audits:"]
    for one in found:
        line = yaml.safe_dump(dict(one.spec), sort_keys=False, default_flow_style=True, width=10_000)
        said = f"{_rounded_down(one.support)} % of the {one.rows:,} records that can be compared"
        lines += [f"  # {said} have what most with the same have", f"  - {line.strip()}"]
    return "\n".join(lines if found else ["# No field is determined by another one.", "audits: []"]) + "\n"


def _rounded_down(share: float) -> str:
    """A percentage, of which 100.0 is all."""
    return f"{int(share * 1000) / 10:.1f}"


def _candidates(binding: Binding, name: str) -> Iterator[tuple[dict[str, Any], AuditCheck]]:
    """Each pair of texts of an entity that tell nobody, and its account by the domain of its address."""
    fields = {field.name: field for field in binding.fields(name) if binding.mapped(name, field.name) is not None}
    texts = [field.name for field in fields.values() if field.type == "text" and not field.personal]
    pairs = [
        ({"audit": f"{name}_{field}_by_{by}"}, {"field": f"{name}.{field}", "by": f"{name}.{by}"})
        for by in texts
        for field in texts
        if field != by
    ]
    if "email" in fields and "account_id" in fields:
        domain = _DOMAIN.format(f"{name}.email")
        when = {"when": f"{domain} not in (lists.free_mail_domains)"}
        pairs.append(({"audit": f"{name}_account_by_domain", **when}, {"field": f"{name}.account_id", "by": domain}))
    for head, asked in pairs:
        spec = {**head, "severity": "warning", "determined_by": asked}
        check = audit_from(spec, binding.catalogue.lists)
        try:
            need_check(binding, check)
        except Unresolved:
            continue
        if check.id not in binding.catalogue.audits:
            yield spec, check


def _of(
    binding: Binding, spec: dict[str, Any], check: AuditCheck, now: datetime, ask: Callable[[exp.Expr], Table]
) -> Dependency | None:
    """What the rows say of a candidate; None where they do not bear it out."""
    [row] = ask(agreement_statement(binding, check, now)).dicts()
    names = ("every", "common", "groups", "rows", "agreed")
    every, common, groups, rows, agreed = (int(row[name] or 0) for name in names)
    if rows < LEAST_ROWS or groups < LEAST_GROUPS or rows < LEAST_SHARE * every:
        return None
    support, usual = agreed / rows, common / every
    if support < LEAST_SUPPORT or usual == 1 or (support - usual) / (1 - usual) < LEAST_GAIN:
        return None
    return Dependency(spec, rows, support)
