"""The values of `for_each`: which there are, which are asked for, and which a database might mix up."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlglot import exp

from reportspec.burst.mark import put
from reportspec.diagnostics import suggestion
from reportspec.errors import NoReport, SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.findings import Check, Finding
from reportspec.model.rows import Table
from reportspec.model.spec import Report
from reportspec.naming import parts_of
from reportspec.sql.distinct import values_statement


@dataclass(frozen=True, slots=True)
class Value:
    """One value of the field, with what texts may say of it (`each.email`), and a `part` of names that
    no other value has. `several` names what its rows disagree in: two people of one name, whose
    reports could not be told apart."""

    value: str
    more: Mapping[str, str]
    part: str
    several: tuple[str, ...] = ()


def values_of(report: Report, table: Table) -> tuple[Value, ...]:
    """The values in order: those of which a row is chosen and, if there is a file of the project's own,
    that have a row in it. A namesake who is not chosen counts all the same: the figures are of both."""
    each = report.each
    assert each is not None
    rows: dict[str, list[tuple[str, ...]]] = {}
    wanted = set()
    for value, *more, chosen in table.rows:
        if value is not None and str(value) != "":
            besides = tuple("" if text is None else str(text) for text in more)
            rows.setdefault(str(value), []).append(besides)
            if chosen:
                wanted.add(str(value))
    names = [name for name, _ in each.fields]
    # Of all values, so that a report is called the same whichever others are built beside it.
    parts = parts_of(rows)
    values = []
    for value in sorted(wanted):
        row_of_value = (each.table or {}).get(value)
        if each.table is not None and row_of_value is None:
            continue
        distinct = list(dict.fromkeys(rows[value]))
        several = tuple(name for at, name in enumerate(names) if len({row[at] for row in distinct}) > 1)
        known: dict[str, str] = dict(zip(names, distinct[0], strict=True))
        known |= row_of_value or {}
        values.append(Value(value, {**known, "value": value}, parts[value], several))
    return tuple(values)


def without_row(report: Report, table: Table) -> list[Finding]:
    """The names in the file of recipients that the source does not have."""
    each = report.each
    assert each is not None
    there = {str(row[0]) for row in table.rows if row[0] is not None}
    lone = tuple(sorted(set(each.table or {}) - there))
    field = each.dimension.field
    check = Check("unknown-recipient", field.entity, field, names=lone)
    near = tuple((name, 0) for name in sorted(there))
    return [Finding(check, len(lone), len(each.table or {}), near)] if lone else []


def alike(values: Iterable[str]) -> tuple[str, ...]:
    """Those of the values that a database might hold for one of the others: they differ in case,
    accents, blanks, width or marks that are not seen."""
    groups: dict[str, list[str]] = {}
    for value in dict.fromkeys(values):
        groups.setdefault(_skeleton(value), []).append(value)
    return tuple(value for group in groups.values() if len(group) > 1 for value in group)


def _skeleton(value: str) -> str:
    """What is left of a text for the most careless comparison."""
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", value).casefold())
    return "".join(letter for letter in parts if unicodedata.category(letter)[0] in "LNS")


def taken_for(report: Report, value: str) -> exp.Expr:
    """The statement that finds what the database takes for a value: see `check_apart`."""
    each = report.each
    assert each is not None
    field = each.dimension.field
    condition = put(each.condition, value)
    return values_statement(report.binding, field.entity, (field.name,), report.sides[0], (), (condition,))


def check_apart(report: Report, value: str, table: Table) -> None:
    """That the database takes nothing for a value but itself. Raises SourceError, which names the two:
    each would get the other's figures."""
    assert report.each is not None
    name = report.each.dimension.name
    for listed_value, _ in table.rows:
        if str(listed_value) != value:
            raise SourceError(
                "values-alike",
                f"the database takes `{shown(str(listed_value))}` and `{shown(value)}` "
                f"for one `{name}`: each would get the figures of both",
                "compare the column byte for byte in the mapping, or "
                "use a field that tells them apart, such as `user.email`",
            )


def shown(text: str) -> str:
    """A value in a message: on one line, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:80]


def no_values(report: Report) -> NoReport:
    """What is said where no value has a report."""
    assert report.each is not None
    message = f"`{report.each.dimension.name}` has no values, so there is no report"
    return NoReport(message, "look at `for_each`, and whether its `where` leaves any")


def chosen(report: Report, table: Table, values: Sequence[Value], only: Collection[str]) -> tuple[Value, ...]:
    """The values that were asked for by name, of those in the `table`; all if none was. Raises NoReport for one that
    there is not, or that has no report."""
    assert report.each is not None
    name, there = report.each.dimension.name, [value.value for value in values]
    for wanted_name in only:
        if wanted_name in there:
            continue
        called = f"the value `{wanted_name[:80]}` of `{name}`"
        rows = [row for row in table.rows if row[0] is not None and str(row[0]) == wanted_name]
        if any(row[-1] for row in rows):
            raise NoReport(
                f"the file of `recipients` has no row for {called}, so it has no report", "add one to the file"
            )
        if rows:
            raise NoReport(
                f"the `where` of `for_each` leaves out {called}, so it has no report",
                "ask for another one, or change the `where`",
            )
        raise NoReport(
            f"`{name}` has no value `{wanted_name[:80]}`, so it has no report", suggestion(wanted_name, there)
        )
    return tuple(value for value in values if not only or value.value in only)


def unknown_recipients(report: Report, only: Collection[str], found: Collection[str]) -> list[tuple[str, str]]:
    """The values that the project's own file names and that have no report, and why. They are not to
    vanish silently: somebody waits for theirs."""
    each = report.each
    if each is None or each.table is None or only:
        return []
    why = f"`recipients` names it, and the source has no such `{each.dimension.name}`"
    why += " for which `where` holds" if each.conditions else ""
    return [(value, why) for value in each.table if value not in found]
