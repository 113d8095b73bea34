"""The checks of an audit, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Literal, get_args
from zlib import crc32

from sqlglot import exp

from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Texts
from reportspec.model.findings import Check

Severity = Literal["error", "warning", "info"]
Level = Literal["error", "warning", "info", "pass", "known", "not_applicable"]
# Why a check is not applicable: a field is not mapped, a table that it goes by has no rows, or has ended while others
# go on, keys that records are joined by are repeated, or the database has not what the check asks by, or refuses to
# compute it; an anomaly needs more audits before it, or has no rows.
Why = Literal["needs", "empty", "stale", "repeated_keys", "unsupported", "refused", "young", "no_rows"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

# What a check may ask, by the key that asks it.
AuditKind = Literal[
    "broken",
    "not_null",
    "unique",
    "accepted_values",
    "relationship",
    "unrelated",
    "format",
    "range",
    "same_spelling",
    "same_format",
    "determined_by",
    "fresh_within",
    "anomaly",
    "source_contract",
]
Measure = Literal["rows", "nulls", "mean"]
Season = Literal["week", "year"]
KINDS: tuple[AuditKind, ...] = get_args(AuditKind)[:-1]


@dataclass(frozen=True, slots=True)
class Threshold:
    """How many broken rows, or which `share` of those looked at, it takes; `or_more` says that the number
    itself is enough."""

    number: float
    share: bool = False
    or_more: bool = False

    def reached(self, broken: int, looked: int) -> bool:
        """Whether so many broken rows of so many reach it."""
        value = broken / looked if self.share and looked else float(broken)
        return value >= self.number if self.or_more else value > self.number


SOME = Threshold(0)


@dataclass(frozen=True, slots=True, eq=False)
class AuditCheck:
    """One check of the rows of an entity. `when` says which rows are looked at (all without it), and `kind` which of
    these are broken:

    broken           the condition `broken` holds
    not_null         `of` is empty or blank
    unique           more than `at_most` rows have the same in all of `of`
    accepted_values  `of` is none of `values`
    relationship     no row of `elsewhere.entity` has `of` as its `elsewhere.key`; `unrelated` the other way round
    format           `of` does not match the `pattern`
    range            `of` is less than `least` or more than `most`
    same_spelling    `of` is spelled otherwise than most rows that have it, but for case and blanks
    same_format      `of` has not the form (letters and digits, and where) that at least `support` of the rows have
    determined_by    `of` is not what at least the share `support` of the rows with the same `by` have
    fresh_within     the newest `of` is more than `days` days old
    anomaly          how many rows there are, which share of them lacks `of`, or the mean of `of` (`measure`) is further
                     than `factor` from what audits before lead to expect
    source_contract  the row breaks a check of the source's contract

    Rows whose `of` is empty are looked at by none of them but `not_null`. `about` are the fields that are shown of a
    broken row; `endangers` the metrics that are doubtful where rows are broken, and `estimate_by` the field by which it
    is estimated what rows without an amount would add to them."""

    id: str
    kind: AuditKind
    entity: str
    severity: Severity = "error"
    when: exp.Expr | None = None
    broken: exp.Expr | None = None
    of: tuple[exp.Expr, ...] = ()
    by: tuple[exp.Expr, ...] = ()
    values: tuple[str, ...] = ()
    pattern: str = ""
    least: float | None = None
    most: float | None = None
    days: float = 0
    support: float = 0
    at_most: int = 1
    measure: Measure | None = None
    season: Season | None = None
    factor: float = 0
    store_failures: bool = False
    when_text: str = ""  # as it was written
    finds_personal: bool = False  # it looks for personal data in a text
    elsewhere: tuple[str, exp.Expr] | None = None  # the other entity, and its key as an expression
    about: tuple[str, ...] = ()
    warn_if: Threshold = SOME
    error_if: Threshold = SOME
    label: Texts = field(default_factory=dict)
    meaning: Texts = field(default_factory=dict)
    remedy: Texts = field(default_factory=dict)
    endangers: tuple[str, ...] = ()
    estimate_by: str = ""
    contract: Check | None = None

    @property
    def key(self) -> str:
        """What it is known by: its id, of the source's contract with what it is about."""
        return f"{self.id} {self.contract.of}" if self.contract is not None else self.id

    @property
    def of_rows(self) -> bool:
        """Whether single rows are broken, and not all of them together."""
        table = self.contract is not None and self.contract.kind == "stale-table"
        return not table and self.kind not in ("fresh_within", "anomaly")

    def level(self, broken: int, looked: int) -> Level:
        """How bad it is that so many of the rows looked at are broken."""
        if not broken:
            return "pass"
        if self.severity == "error" and self.error_if.reached(broken, looked):
            return "error"
        if self.severity != "info":
            return "warning" if self.warn_if.reached(broken, looked) else "pass"
        return "info"


@dataclass(frozen=True, slots=True)
class Example:
    """A broken row: its `key`, what it is called (by which of its fields), and the values that show what is wrong, by
    field."""

    key: str
    called: str = ""
    values: tuple[tuple[str, str], ...] = ()
    named_by: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a check: how many of the rows `looked` at are `broken`; of those that are still open how many, and
    what they are worth in the report's currency, where their entity has such rows. Of an anomaly what is `measured`,
    and between which numbers it was `expected`. `failures` are all broken rows, where they are to be kept; `unmapped`
    the values of a column, with how often each occurs, of which the mapping makes nothing. A check
    that is not applicable `lacks` something (`why` says what kind of thing); one that is known has its `reason`."""

    check: AuditCheck
    level: Level
    broken: int = 0
    looked: int = 0
    open: int | None = None
    amount: Decimal | None = None
    examples: tuple[Example, ...] = ()
    measured: float | None = None
    expected: tuple[float, float] | None = None
    failures: tuple[Example, ...] = ()
    unmapped: tuple[tuple[str, int], ...] = ()
    lacks: str = ""
    why: Why = "needs"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of how many rows of an entity a field is there, and not blank."""

    field: str
    there: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a field could be: its value now, the one proposed, how sure that is (0 to 1), both empty where nothing is
    proposed."""

    field: str
    value: str
    proposed: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """Who looks after a record: the name (none where nobody does, or nobody who is there), the key, what tells people
    of one name apart, and what to call them so that they are."""

    name: str = ""
    key: str = ""
    apart: str = ""
    called: str = ""


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A record that breaks checks of severity error or warning: its `key`, what it is called (by which of its fields),
    whose it is, and of each check that it breaks what could be done to its fields. Where others have the same that is
    to be of one alone, the key of the one of them that is proposed to be kept is `into`, by the check's key."""

    key: str
    called: str
    named_by: str
    owner: Owner
    broken: tuple[tuple[AuditCheck, tuple[Proposal, ...]], ...]
    into: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntityAudit:
    """An entity's rows, how many of them break no check of severity error (`clean`), each counted once; how many of
    the open ones do, and what these are worth. `records` are those to mend, the first of so many (`to_mend`);
    `owners` says of each check, by its key, whose records break it, and how many, where all of them were looked
    through."""

    entity: str
    rows: int
    clean: int
    coverage: tuple[Coverage, ...]
    outcomes: tuple[Outcome, ...]
    open: int | None = None
    amount: Decimal | None = None
    records: tuple[BrokenRecord, ...] = ()
    to_mend: int = 0
    owners: Mapping[str, tuple[tuple[Owner, int], ...]] = field(default_factory=dict)

    @property
    def asked(self) -> str:
        """What tells which checks decide who has no error: audits that asked others are not held against this one."""
        checks = (one.check for one in self.outcomes if one.level not in ("not_applicable", "known"))
        keys = sorted(check.key for check in checks if check.severity == "error" and check.of_rows)
        return f"{crc32(' '.join(keys).encode()):08x}"

    @property
    def judged(self) -> bool:
        """Whether a check of severity error was asked of its rows; of others nobody knows that they have no error."""
        return any(
            one.check.severity == "error" and one.check.of_rows and one.level != "not_applicable"
            for one in self.outcomes
        )


@dataclass(frozen=True, slots=True)
class Audit:
    """The outcome of all checks at an instant; where the data ended some time before it, dates were held against their
    end (`ended`)."""

    at: datetime
    entities: tuple[EntityAudit, ...]
    currency: str | None = None
    ended: datetime | None = None

    def last_day(self, zone: tzinfo) -> date | None:
        """The last day of the data in a zone, where they end before the audit."""
        return (self.ended - timedelta(microseconds=1)).astimezone(zone).date() if self.ended is not None else None

    @property
    def rows(self) -> int:
        """How many records a check of severity error was asked of."""
        return sum(entity.rows for entity in self.judged)

    @property
    def clean(self) -> int:
        """How many of them break no check of severity error."""
        return sum(entity.clean for entity in self.judged)

    @property
    def judged(self) -> tuple[EntityAudit, ...]:
        """The entities of whose rows it is known whether they have an error."""
        return tuple(entity for entity in self.entities if entity.judged)

    @property
    def unjudged(self) -> tuple[EntityAudit, ...]:
        """Those with rows of which it is not."""
        return tuple(entity for entity in self.entities if entity.rows and not entity.judged)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All of them."""
        return tuple(outcome for entity in self.entities for outcome in entity.outcomes)

    def counts(self) -> Mapping[Level, int]:
        """How many checks have each level."""
        levels = [outcome.level for outcome in self.outcomes]
        return {level: levels.count(level) for level in get_args(Level)}


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was known last of each check, by its key: how many rows were broken; of each entity, by which checks were
    asked of it, how many records there were, and how many without an error; and what was measured for anomalies, each
    time. `at` is when the last audit was, None where there was none; `broken_off` is a last line of the history that is
    only the beginning of one."""

    at: datetime | None = None
    broken: Mapping[str, int] = field(default_factory=dict)
    entities: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    measured: Mapping[str, tuple[tuple[datetime, float], ...]] = field(default_factory=dict)
    broken_off: str = ""

    def change(self, outcome: Outcome) -> int | None:
        """How many more rows are broken than before; None where the check was not asked before, and of an anomaly
        that is another one."""
        before = self.broken.get(key_of(outcome))
        return None if before is None or (before and self._departs(outcome)) else outcome.broken - before

    def _departs(self, outcome: Outcome) -> bool:
        """Whether what is measured is off what is expected the other way than what was measured last, or further by
        more than half of what is expected is wide."""
        past = self.measured.get(outcome.check.id)
        if not outcome.broken or outcome.measured is None or outcome.expected is None or not past:
            return False
        low, high = outcome.expected
        now, then = (max(value - high, 0.0) + min(value - low, 0.0) for value in (outcome.measured, past[-1][1]))
        return now * then < 0 or abs(now) - abs(then) > (high - low) / 2

    def worse(self, outcome: Outcome) -> bool:
        """Whether more rows are broken than before, or any where nobody had asked."""
        change = self.change(outcome)
        return outcome.broken > 0 if change is None else change > 0


def key_of(outcome: Outcome) -> str:
    """What a check is known by from one audit to the next."""
    return outcome.check.key
