"""Which checks of an audit can be asked of a source, and why others cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from reportspec.contract.checks import checks_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.audits import AuditCheck, Outcome, Severity, Why
from reportspec.model.findings import REFUSED, Check, Kind
from reportspec.resolve.audit_conditions import joined_by, need_check, own_fields
from reportspec.resolve.binding import Binding, Missing

Fields = Mapping[str, frozenset[str]]  # of each entity

# The checks of the source's contract that are of single rows, which are counted together with an audit's own.
OF_ROWS: frozenset[Kind] = frozenset(
    (
        "no-key",
        "repeated-key",
        "undeclared-value",
        "misspelt-value",
        "unlikely-rows",
        "impossible-rows",
        "no-partner",
        "no-currency",
        "no-rate",
        "odd-time",
        "too-large",
    )
)
# Those that the audit tells as errors though a report can be made.
_ERRORS: frozenset[Kind] = REFUSED | {"no-partner", "no-survivor", "no-currency", "no-rate"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The checks that are asked, in their order; those of the contract that are not of single rows (`surveyed`); and
    those that the source cannot be asked."""

    checks: tuple[AuditCheck, ...]
    surveyed: tuple[Check, ...]
    lacking: tuple[Outcome, ...]


def mapped_fields(binding: Binding) -> dict[str, frozenset[str]]:
    """What the mapping gives of each entity that has tables of its own."""
    return {name: frozenset(mapped.fields) for name, mapped in binding.source.entities.items() if mapped.parts}


def chosen(
    binding: Binding,
    entities: Collection[str],
    now: datetime,
    needed: Fields | None = None,
    stale: Collection[str] = (),
) -> Chosen:
    """The checks of some entities; if it is said what of these is `needed`, those alone that are about it. What `stale`
    tables tell of other records by having no more rows is asked by none."""
    read = mapped_fields(binding)
    heard = binding.over(replace(binding.source, empty=binding.source.empty | set(stale))) if stale else binding
    asked, lacking = [], []
    for check in binding.catalogue.audits.values():
        if check.entity not in entities or check.entity not in read:
            continue
        try:
            need_check(heard, check)
        except Missing as missing:
            name = missing.name
            why: Why = "stale" if name in stale else "empty" if name in binding.source.empty else "needs"
            lacking.append(Outcome(check, "not_applicable", lacks=name, why=why))
            continue
        if needed is None or _within(binding, check, needed):
            asked.append(check)
    contract = checks_of(binding, read, now=now.date())
    own = [check for check in contract if check.entity in entities and not _of_itself(binding, check)]
    wanted = [check for check in own if needed is None or check.concerns(needed)]
    of_rows = [of_contract(check) for check in wanted if check.kind in OF_ROWS]
    # Which keys are repeated has to be known before anything is joined by them.
    surveyed = [check for check in wanted if check.kind not in OF_ROWS] + [
        check for check in contract if check.kind == "repeated-key"
    ]
    skipped = ("shared-name",)
    return Chosen((*of_rows, *asked), tuple(c for c in surveyed if c.kind not in skipped), tuple(lacking))


def _of_itself(binding: Binding, check: Check) -> bool:
    """Whether a check asks whether a row names itself."""
    relation = check.relation
    return relation is not None and relation.to == check.entity and relation.by == binding.entity(relation.to).key


def _within(binding: Binding, check: AuditCheck, needed: Fields) -> bool:
    """Whether all that a check reads of its own entity is needed."""
    fields = needed.get(check.entity)
    return fields is not None and own_fields(binding, check) <= fields


def without_joins(
    binding: Binding, checks: Collection[AuditCheck], repeated: Collection[str]
) -> Iterator[AuditCheck | Outcome]:
    """The checks, and in the place of those that join records by keys which are repeated, that they cannot be asked:
    rows would be counted twice."""
    for check in checks:
        joined = sorted(joined_by(binding, check) & set(repeated)) if check.contract is None else []
        yield Outcome(check, "not_applicable", lacks=joined[0], why="repeated_keys") if joined else check


def of_contract(check: Check) -> AuditCheck:
    """A check of the source's contract as one of an audit."""
    severity: Severity = "error" if check.kind in _ERRORS else "warning"
    expected = check.expectation
    if check.field is not None:
        about: tuple[str, ...] = (check.field.id,)
    elif check.relation is not None:
        about = (f"{check.entity}.{check.relation.by}",)
    else:
        about = tuple(f"{check.entity}.{name}" for name in (expected.about if expected is not None else ()))
    return AuditCheck(
        id=check.kind,
        kind="source_contract",
        entity=check.entity,
        severity=severity,
        about=about,
        label=expected.label if expected is not None else {},
        meaning=expected.costs if expected is not None else {},
        contract=check,
    )
