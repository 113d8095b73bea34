"""What the survey of a source says of its contract: what no report is made of, and what is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from sqlglot import exp

from reportspec.contract.advice import number_expression, without_time
from reportspec.contract.ends import begins_late
from reportspec.contract.past import said_of_history, span_of_history, tells_of_history
from reportspec.diagnostics import Diagnostic, Span, did_you_mean, harmless, one_line
from reportspec.errors import Broken
from reportspec.expression.trees import LARGEST, LARGEST_NUMBER, MONEY_DECIMALS, WRITTEN
from reportspec.letters import plain_letters, shown_letters, told_apart, unseen
from reportspec.model.findings import ANYHOW, BY_HISTORY, FIRST_TIME, Check, Finding
from reportspec.model.mapped import MappedField
from reportspec.model.rows import Table
from reportspec.model.settings import SourceChecks
from reportspec.resolve.binding import Binding
from reportspec.resolve.emptiness import told_by
from reportspec.sql.broken_rows import dated_by_history, settled_by_history
from reportspec.sql.examples_sql import (
    MOST_KEYS,
    MOST_TEXTS,
    closings_statement,
    examples_statement,
    near_keys_statement,
    nothing_made_statement,
    rates_statement,
    recount_statement,
    tied_statement,
    told_by_field,
    values_there_statement,
    written_statement,
)
from reportspec.sql.known_order import NOTHING_KNOWN, KnownOrder
from reportspec.sql.merged_records import MOST_MERGERS
from reportspec.sql.survey_sql import SOUGHT, asked_by_history, broken, rows_there
from reportspec.sql.unnamed import inherits
from reportspec.suggested_yaml import mapping_line, plain_yaml, yaml_list

Ask = Callable[[exp.Expr], Table]  # runs one more statement over the same state of the data


_NAMES = 10  # names in a message


_ALONE = 5  # values that a filter asks for in vain, each told by itself; the others together


_SHOWN = 2  # examples in a message


_KNOWN = 5  # values of a field in a message


_LONGEST = 40  # letters of a value in a message


_WHOLE_NAME = 200  # of one that is to be written as it stands there


_PADDED = 12  # digits of a key with its leading zeros


def settled(binding: Binding, found: Iterable[Finding], settings: SourceChecks) -> tuple[Finding, ...]:
    """What is told of a source, and what is known and not told: that has its reason. Raises Broken for
    what is refused, and by the project's settings for all that would be told."""
    found = [replace(finding, reason=_reason(finding.check, settings)) for finding in found]
    # That what is left out does not occur makes no figure doubtful.
    doubtful = (
        [finding for finding in found if not finding.reason and not finding.check.excludes] if settings.strict else []
    )
    refused = [finding for finding in found if finding.check.refuses or finding in doubtful]
    if refused:
        raise Broken([diagnostic(binding, finding, refused=True) for finding in refused])
    return tuple(found)


def findings_of(
    binding: Binding, checks: Sequence[Check], survey: Table, ask: Ask, known: KnownOrder = NOTHING_KNOWN
) -> list[Finding]:
    """All that rows of the source break, after its survey, by which something is `known` of their order."""
    rows = survey.dicts()
    counted = {str(row["entity"]): int(row["rows"] or 0) for row in rows}
    findings: list[Finding] = []
    for check, count in broken(checks, rows).items():
        of = rows_there(checks, rows, check) if check.then is not None else counted[check.entity]
        if check.kind in SOUGHT and not of:
            # Nothing occurs where there are no rows: that there are none is told once.
            if check.kind == "no-rows" and check.entity not in {finding.check.entity for finding in findings}:
                findings.append(Finding(check, 0, _before_where(binding, check.entity, ask)))
            continue
        if check.kind == "late-start" and any(_same_times(finding.check, check) for finding in findings):
            continue  # that it has none at all is said
        if dated_by_history(binding, check) and int(ask(closings_statement(binding, check)).rows[0][0]):
            continue  # of a record that has another closing today
        if settled_by_history(binding, check) or inherits(binding, check):
            count = int(ask(recount_statement(binding, check, known)).rows[0][0])
            if not count:
                continue
        if check.kind == "tied-rows":
            count = int(ask(tied_statement(binding, check)).rows[0][0])
            if not count:
                continue
        if check.kind in BY_HISTORY:
            of = asked_by_history(checks, rows, check)
            if not tells_of_history(binding, check, count, of):
                continue
        if check.kind in ANYHOW and not of:
            continue
        if check.kind == "part-without-field":
            findings.append(Finding(check, count, of))
            continue
        if check.kind == "repeated-rate":
            findings.append(Finding(check, count, of, _rates_twice(ask(rates_statement(binding, check)))))
            continue
        shown = ask(examples_statement(binding, check, known)).rows
        if check.side is not None:
            first, last = shown[0]
            if first is not None and (check.kind == "no-rows" or begins_late(check.side, first)):
                findings.append(Finding(check, 0, of, ((str(first), 0), (str(last), 0))))
            continue
        examples = tuple((str(value), int(n)) for value, n in shown if value is not None)
        if check.kind == "unknown-value":
            findings += _unknown(binding, check, of, examples, ask)
            continue
        near = _near(binding, check, examples, ask) if check.relation is not None else 0
        way = _way(binding, check, count, examples, ask)
        findings.append(Finding(check, count, of, examples, near, way, unmapped=unmapped_of(binding, check, ask)))
    return _without_texts(findings)


def _before_where(binding: Binding, entity: str, ask: Ask) -> int:
    """How many rows the tables of an entity without any have before the mapping's `where`, where it has one."""
    tables = [part.table for part in binding.source.entities[entity].parts if part.where is not None]
    counted = (ask(exp.select(exp.Count(this=exp.Star()).as_("rows_there")).from_(table.copy())) for table in tables)
    return sum(int(table.rows[0][0]) for table in counted)


def _same_times(one: Check, other: Check) -> bool:
    """Whether two checks are of the same field in the same stretch of time."""
    return one.side is other.side and (one.entity, one.field) == (other.entity, other.field)


def _without_texts(found: list[Finding]) -> list[Finding]:
    """Without what is said of numbers of a field that holds texts: that it does is said."""
    texts = {
        (finding.check.entity, finding.check.field.name)
        for finding in found
        if finding.check.kind == "text-number" and finding.check.field
    }
    return [
        finding
        for finding in found
        if finding.check.expectation is None
        or not any((finding.check.entity, name) in texts for name in finding.check.expectation.about)
    ]


def _rates_twice(shown: Table) -> tuple[tuple[str, int], ...]:
    """Days that have several exchange rates of a currency, with the least and the greatest of them."""
    rows = [(f"{row['from_currency']}-{row['to_currency']} {row['day']}", row) for row in shown.dicts()]
    return tuple((f"{what}: {float(row['low']):g} to {float(row['high']):g}", int(row["count"])) for what, row in rows)


def _way(binding: Binding, check: Check, count: int, examples: Sequence[tuple[str, int]], ask: Ask) -> str:
    """The expression that reads a column as it should be, if there is one that does so for all its values."""
    part, field = check.part, check.field
    if check.kind == "odd-time" and len(binding.source.entities[check.entity].parts) == 1:
        part = binding.source.entities[check.entity].parts[0]
    mapped = part.fields.get(field.name) if part is not None and field is not None else None
    if part is None or field is None or mapped is None or not isinstance(mapped.sql, exp.Column):
        return ""
    if check.kind not in ("text-number", "odd-time"):
        return ""
    values = [str(value) for value, _ in ask(written_statement(binding, part, mapped.sql)).rows if value is not None]
    column = written_column(mapped)
    if len(values) >= MOST_TEXTS:
        return ""
    if check.kind == "odd-time":
        return without_time(column, values, examples, count) or ""
    return number_expression(column, values, field.type) or ""


def unmapped_of(binding: Binding, check: Check, ask: Ask) -> tuple[tuple[str, int], ...]:
    """Of rows that lack a field of few values, the values of its column of which the mapping makes nothing, with how
    often each occurs."""
    expected = check.expectation
    if expected is None or len(expected.about) != 1 or not isinstance(expected.unless.unnest(), exp.Is):
        return ()
    field = binding.field(check.entity, expected.about[0])
    if field is None or not field.values or field.personal:
        return ()
    found: dict[str, int] = {}
    for part in binding.source.entities[check.entity].parts:
        statement = nothing_made_statement(binding, part, field.name)
        for value, count in ask(statement).rows if statement is not None else ():
            found[str(value)] = found.get(str(value), 0) + int(count)
    return tuple(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _with_key(binding: Binding, check: Check, column: str) -> str:
    """The line of the mapping that leaves out rows without a key; an empty text is none, either."""
    assert check.field is not None
    mapped = binding.mapped(check.entity, check.field.name)
    holds = mapped.holds if mapped is not None else ""
    text = column if holds in ("text", "any") else f"cast({column} as varchar)"
    bare = holds == "number" or binding.key_kind(check.entity, check.field.name)
    line = f"{column} is not null" if bare else f"trim({text}) <> ''"
    [part] = binding.source.entities[check.entity].parts
    return f"where: {plain_yaml(line)}" if part.where is None else f"and {line}` in `where"


def _unknown(
    binding: Binding, check: Check, of: int, examples: tuple[tuple[str, int], ...], ask: Ask
) -> Iterable[Finding]:
    """The values that a filter asks for and the source does not have: the first of them one by one,
    the others together."""
    several = len(check.names) > 1
    there = {str(row[0]) for row in ask(values_there_statement(binding, check)).rows} if several else set()
    missing = [name for name in check.names if name not in there]
    alone = missing if len(missing) <= _ALONE + 1 else missing[:_ALONE]
    places = dict(zip(check.names, check.places, strict=False))
    for name in alone:
        part_check = replace(check, value=name, names=(), places=(), place=places.get(name))
        yield Finding(part_check, 0, of, examples)
    rest = tuple(missing[len(alone) :])
    if rest:
        together = replace(check, names=rest, places=(), place=places.get(rest[0]))
        yield Finding(together, len(rest), of, examples)


def _reason(check: Check, settings: SourceChecks) -> str:
    if check.refuses:
        return ""
    known = (ignored for ignored in settings.ignore if ignored.check == check.kind)
    return next((ignored.reason for ignored in known if ignored.of in ("", check.of)), "")


def _near(binding: Binding, check: Check, lone: Sequence[tuple[str, int]], ask: Ask) -> int:
    """How many of the rows whose key finds no partner would find one but for blanks, leading zeros
    or the case of letters; of the most frequent keys."""
    if not lone:
        return 0
    wanted = dict.fromkeys(form for key, _ in lone for form in _forms(key))
    there = {_plain(str(row[0])) for row in ask(near_keys_statement(binding, check, wanted)).rows}
    return sum(n for key, n in lone if _plain(key) in there)


_WHOLE = re.compile(r"(?<=[0-9])[.]0+$")  # behind a whole number that was taken for one with decimals


def _plain(key: str) -> str:
    plain = _WHOLE.sub("", plain_letters(key).strip().lower())
    return (plain.lstrip("0") or "0") if plain.isdecimal() else plain


def _forms(key: str) -> Iterable[str]:
    """How a key that is the same but for blanks, zeros and case may be written, in small letters."""
    plain = _plain(key)
    if not plain.isdecimal():
        return (plain,)
    return [
        *("0" * zeros + plain for zeros in range(max(_PADDED - len(plain), 0) + 1)),
        *(plain + end for end in (".0", ".00")),
    ]


def diagnostic(binding: Binding, finding: Finding, *, refused: bool) -> Diagnostic:
    """A finding in words for the terminal, at the mapping's line where one's own mapping has it."""
    check = finding.check
    message, help = _said(binding, finding)
    return Diagnostic(
        check.kind,
        message,
        _span(binding, finding),
        help,
        _notes(binding, finding),
        "error" if refused else "warning",
        personal=_personal(finding),
    )


def _personal(finding: Finding) -> tuple[str, ...]:
    """The values of a field that tells of people, as they may stand in what is said of it."""
    if finding.check.field is None or not finding.check.field.personal:
        return ()
    forms = ((value, short(value), value.strip()) for value, _ in finding.examples)
    return tuple(dict.fromkeys(form for each in forms for form in each if form.strip()))


def _said(binding: Binding, finding: Finding) -> tuple[str, str | None]:
    check, count = finding.check, finding.count
    entity = check.entity
    if check.kind in ("unknown-target", "ambiguous-target", "some-targets", "unknown-recipient"):
        return _of_names(finding)
    if check.kind == "part-target":
        return _of_part(finding)
    if check.kind == "part-without-field":
        return _without_field(finding)
    if check.kind == "stale-table":
        tables = " and ".join(f"`{name}`" for name in table_names(binding, entity))
        others = " and ".join(sorted(f"`{name}`" for name in told_by(binding.catalogue, entity)))
        return (
            f"nothing has changed in {tables} since {check.value}, which is longer than usual, while the source has"
            f" changes up to {check.names[0]}: figures of `{entity}` are those of then"
            + (f", and what is told of {others} by its rows is wrong since" if others else ""),
            "look whether what loads it has stopped",
        )
    if check.kind == "old-rate":
        tables = " and ".join(f"`{name}`" for name in table_names(binding, entity))
        named = ", ".join(check.names[:_NAMES]) + (", …" if len(check.names) > _NAMES else "")
        return (
            f"the last exchange rate of {named} in {tables} is of {check.value}: amounts of later days are converted"
            " with it",
            "look whether what loads the rates has stopped; where a rate is meant to hold so long, name `old-rate`"
            " under `checks: ignore`",
        )
    if check.kind == "row-security":
        tables = " and ".join(f"`{name}`" for name in check.names)
        return (
            f"the database may not show all rows of {tables} to the user of the source: row-level security is on for"
            f" it, and figures of `{entity}` are of the rows that it lets through",
            "if all are meant, give the user a policy that shows them, or BYPASSRLS; else say why under `checks:"
            " ignore:` in the project file",
        )
    if check.kind == "no-rate" and check.metric:
        rows = rows_of(count)
        return (
            f"`{check.metric}` leaves out {rows} whose amounts have no exchange rate to {binding.currency} on their day"
            f" (`{check.of}`)",
            f"add rates of earlier days (`{binding.catalogue.exchange_rates.entity}`): each holds from its day until"
            " the next one",
        )
    if check.kind == "unknown-goal":
        meant = check.names[0] if check.names else ""
        return (
            f"`{check.of}` is `{short(check.value)}` in {rows_of(count)} of the table of targets, which is no metric:"
            " they count for nothing",
            f"did you mean `{meant}`?" if meant else "`reportspec catalog metrics` lists them",
        )
    if check.kind == "suspicious-goal":
        most = finding.examples[-1][0]
        return (
            f"`{check.goal}` is a fraction: {count} of {finding.rows} targets of the table are percentages, such as"
            f" {most}, which means {float(most) * 100:,.0f} %",
            f"write fractions in the table (0.9 for 90 %), or in the mapping `{_as_fraction(binding, check)}`",
        )
    tables = " and ".join(f"`{name}`" for name in table_names(binding, entity))
    if check.kind == "no-key":
        where = _column(binding, check)
        return (
            f"{tables} has {rows_of(count)} without a key: `{check.of}`{_from(where)} is empty",
            f"leave them out with `{_with_key(binding, check, where)}` in the mapping of `{entity}`, or give them one"
            if where
            else "leave them out with `where` in the mapping, or give them one",
        )
    if check.kind == "repeated-key":
        return (
            f"{tables} has {rows_of(count)} too many: "
            f"`{check.of}`{_from(_column(binding, check))} is the key of more than one",
            "mend the source; if the table keeps every version of a "
            "record, map the last one with `latest: {by: …, order: …}`",
        )
    if check.kind == "without-key":
        there = f"{rows_of(count)} {'is' if count == 1 else 'are'} the same as another in all that is mapped, and count"
        return (
            f"{tables} has no key in the mapping of `{entity}`: nothing tells whether one record stands there twice"
            + (f"; {there}" if count else ""),
            "name the column that tells its rows apart (`key: …`); with several rows of a record, say which counts:"
            " `latest: {by: …, order: …}`",
        )
    if check.kind == "repeated-rate":
        return (
            f"{tables} has {rows_of(count, 'rate')} too many: a currency and day have more than one in"
            f" `{check.of}`{_from(_column(binding, check))}",
            _one_rate(binding),
        )
    if check.kind == "shared-name":
        entity_of = binding.entity(entity)
        ways = " or ".join(f"`{entity}.{way}`" for way in (*entity_of.told_apart_by, entity_of.key))
        return (
            f"{tables} has {rows_of(count)} more than names in `{check.of}`: those of one name stand in rows of"
            f" their own, told apart by {ways}",
            "nothing is to be done where they are several; where they are one, leave one of them in the source",
        )
    if check.kind in ("look-alikes", "lost-letters"):
        return _of_letters(binding, finding, tables)
    if check.kind == "odd-time":
        assert check.field is not None
        line = f"write `{mapping_line(check.field.name, finding.way)}`" if finding.way else "leave them out"
        return (
            f"{tables} has {rows_of(count)} of {finding.rows:,} whose `{check.of}`{_from(_column(binding, check))} is"
            f" before {FIRST_TIME.year} or after {check.latest}: they are in no period",
            "mend them in the source; where they stand for no date, name them as `null:` of the file, or"
            f" {line} in the mapping",
        )
    if check.kind == "no-currency":
        return (
            f"{tables} has {rows_of(count)} with an amount and without a currency: `{check.of}`"
            f"{_from(_column(binding, check))} is empty, and they are left out of amounts",
            f"if they are in {binding.currency}, write so in the mapping: `{_currency_given(binding, check)}`",
        )
    if check.kind == "no-rate":
        most = finding.examples[0][0] if finding.examples else "…"
        rates = binding.catalogue.exchange_rates.entity
        help = f"map the rates (`{rates}`), or make the report in theirs: `currency: {plain_yaml(short(most))}`"
        if not _CODE.fullmatch(most):
            help = (
                f"currencies are codes of three letters, such as {binding.currency}: write in the mapping what"
                f" `{short(most)}` means, for example `{_coded(binding, check, most)}`"
            )
        return (
            f"{tables} has {rows_of(count)} of {finding.rows:,} whose amounts have no exchange rate to"
            f" {binding.currency} (`{check.of}`): they are left out of amounts",
            help,
        )
    if check.kind == "no-survivor":
        into = binding.entity(entity).merged_into or ""
        return (
            f"{tables} has {rows_of(count)} that were merged in a circle, over more than {MOST_MERGERS} others, or into"
            f" a record that is not there: of what names them nothing of `{entity}` is known",
            f"see what is left of them in the CRM; `{entity}.{into}`{_from(_written(binding, entity, into))} says into"
            " which record each was merged",
        )
    if check.kind == "tied-rows":
        same, differ = (", ".join(f"`{name}`" for name in names) for names in (check.names, check.ties))
        columns = (binding.mapped(entity, name) for name in check.names)
        keys = yaml_list(written_column(column) or "…" for column in columns if column is not None)
        times = "once" if count == 1 else f"{count:,} times"
        return (
            f"{tables} has {times} several rows of one {same} that differ in {differ}: nothing says which came last,"
            f" and the one with the largest `{check.ties[0]}` counts",
            f"leave one of each in the source, or say in the mapping of `{entity}` which counts:"
            f" `latest: {{by: {keys}, order: …}}`",
        )
    if check.kind in BY_HISTORY:
        return said_of_history(binding, finding)
    if check.kind == "undecided-order":
        join, what = check.join, "latest" if check.join is None else "first"
        named = f"`{'.'.join(part.name for part in join.table.parts)}`" if join is not None else tables
        keys = f"{count:,} key" + ("" if count == 1 else "s")
        return (
            f"{named} has {keys} of which several rows come first by the order of `{what}` in the mapping of"
            f" `{entity}`, and differ: which of them counts is not said",
            "add to the order a column that tells them apart, such as a number or a time of the change",
        )
    if check.join is not None:
        name = ".".join(part.name for part in check.join.table.parts)
        return (
            f"`{name}`, which the mapping of `{entity}` says is unique beside it, has {rows_of(count)} too many",
            "say which counts with `first`, or add them up with `fields`",
        )
    if check.kind == "rounded-key":
        return (
            f"{tables} has {rows_of(count)} whose `{check.of}`{_from(_column(binding, check))} was taken for a number"
            " and has lost its last digits: several keys may have become one",
            "export it anew as text or as whole numbers; a spreadsheet that has opened a file of keys and saved it"
            " leaves `4.88E+18`, and a table that was loaded with empty ones may have them as floats",
        )
    if check.kind == "too-fine":
        return (
            f"{tables} has {rows_of(count)} whose `{check.of}`{_from(_column(binding, check))} has more decimals than"
            f" the {MONEY_DECIMALS} that are kept of an amount, and is too small to go without them",
            "write it in the mapping in a larger number of a smaller unit, in all fields and rates of that currency; a"
            " price of one piece may be left out where the amount of the line is there",
        )
    if check.part is not None and check.field is not None:
        mapped = check.part.fields[check.field.name]
        line = (
            f"in the mapping: `{mapping_line(check.field.name, finding.way)}`"
            if finding.way
            else "with an expression of the mapping"
        )
        return (
            f"{tables} has {rows_of(count)} whose `{check.of}` (column `{mapped.sql.name}`) is a text or bytes, and"
            " no number",
            f"make a number of it {line}" + ("" if finding.way else ", or mend the values"),
        )
    if check.kind == "too-large":
        assert check.field is not None
        kind, largest = ("amounts", LARGEST) if check.field.type == "money" else ("numbers", LARGEST_NUMBER)
        return (
            f"{tables} has {rows_of(count)} whose `{check.of}`{_from(_column(binding, check))} is no number,"
            f" or a larger one than {kind} can be ({largest:,})",
            "mend the values, or leave their rows out with `where` in the mapping",
        )
    if check.kind == "other-value":
        assert check.field is not None
        declared = ", ".join(check.field.values)
        return (
            f"{tables} has {rows_of(count)} of {finding.rows:,} whose `{check.of}`{_from(_column(binding, check))}"
            f" is none of {declared}: metrics that ask for these take them for none",
            f"if they mean one of these, {_translated(binding, finding)}",
        )
    if check.kind in ("undeclared-value", "misspelt-value"):
        assert check.field is not None
        declared = ", ".join(check.field.values)
        what_is = "is none of" if check.kind == "undeclared-value" else "is nearly one of"
        column = _from(_column(binding, check))
        return (
            f"{tables} has {rows_of(count)} whose `{check.of}`{column} {what_is} {declared}",
            _translated(binding, finding),
        )
    if check.relation is not None:
        return _lonely(binding, finding, tables)
    if check.expectation is not None:
        label, costs = check.expectation.label["en"], check.expectation.costs["en"]
        return f"{label}: {count} of {rows_of(finding.rows)} of {tables}. {costs}", None
    if check.kind == "no-rows" and check.side is None:
        return (
            f"{tables} has no rows: what they would tell of other records is not known, and is told as if `{entity}`"
            " were not mapped",
            "see why it is empty: the export or its filter may have failed",
        )
    if check.side is not None:
        if not finding.examples:
            if not finding.rows:
                return f"{tables} has no rows", "see why it is empty: the export or its filter may have failed"
            return (
                f"{tables} has {rows_of(finding.rows)}, and the mapping's `where` leaves none of them",
                "look whether its values are written as in the source",
            )
        stretch = f"{check.side.start} to {check.side.end - timedelta(days=1)}"
        first, last = finding.examples[0][0], finding.examples[1][0]
        if check.kind == "late-start":
            return (
                f"{tables} begins on {first} in `{check.of}`: "
                + ("what is counted over a period is not compared" if check.value else "the comparison")
                + f" with {stretch}"
                + (", of which there is a part only" if check.value else " is with a part of it"),
                f"compare with a period that begins on {first} or later",
            )
        has = "have" if len(table_names(binding, entity)) > 1 else "has"
        what_is = f"{tables} {has} no row whose `{check.of}` lies in {stretch}"
        return what_is, f"those that it has lie between {first} and {last}"
    if check.names:
        does = "leaves out" if check.excludes else "asks for"
        return (
            f"the filter on `{check.of}` {does} {len(check.names):,} other values that {tables} does not have",
            "compare them with the values that the source has",
        )
    near = did_you_mean(check.value, [value for value, _ in finding.examples])
    who = f"`{check.metric}` asks for it" if check.metric else "a filter names it"
    who = "a filter leaves it out, and so nothing" if check.excludes else who
    return (
        f"`{check.of}` is never `{short(check.value)}` in {tables}: {who}",
        f"did you mean `{short(near)}`?" if near else "compare it with the values that the source has",
    )


def _one_rate(binding: Binding) -> str:
    """The line of the mapping by which one rate of a currency and day counts."""
    rates = binding.catalogue.exchange_rates
    if not binding.source.entities[rates.entity].parts:
        return f"leave one rate of each in the `rows` of `{rates.entity}`"
    fields = (binding.mapped(rates.entity, name) for name in (rates.day, rates.base, rates.quote))
    keys = yaml_list(written_column(field) or "…" for field in fields if field is not None)
    return (
        f"leave one rate of each in the source, or say in the mapping of `{rates.entity}` which counts: with"
        f" `where: …`, or `latest: {{by: {keys}, order: …}}`"
    )


def _without_field(finding: Finding) -> tuple[str, str]:
    """Of a table of a union that lacks fields which others of it have."""
    check, count = finding.check, finding.count
    assert check.part is not None
    table = ".".join(piece.name for piece in check.part.table.parts)
    fields = ", ".join(f"`{check.entity}.{name}`" for name in check.names[:_NAMES])
    more = len(check.names) - _NAMES
    fields += f" and {more} more" if more > 0 else ""
    return (
        f"`{table}` gives no {fields}, which other tables of `{check.entity}` give: in its {rows_of(count)}"
        " there is none",
        f'map it there too, or write `{check.names[0]}: "null"` there if it has none',
    )


def _as_fraction(binding: Binding, check: Check) -> str:
    """The line of the mapping that makes fractions of a metric's targets."""
    targets = binding.catalogue.targets
    target, metric = (
        written_column(field) if (field := binding.mapped(targets.entity, name)) is not None else ""
        for name in (targets.target, targets.metric)
    )
    case = f"case when {metric or '…'} = {quoted(check.goal)} then {target or '…'} / 100 else {target or '…'} end"
    return mapping_line(targets.target, case)


_PARTS = {
    "overlap": (
        "has several targets for the same days",
        "leave one of them, by `where` of the mapping or in the table",
    ),
    "rate": (
        "has targets of parts of the period only, which do not add up",
        "add one of the whole period",
    ),
    "none": ("has no target of the period", "add one, or leave the goal out"),
}


def _of_part(finding: Finding) -> tuple[str, str | None]:
    """Of targets in a table that make none of the report's period."""
    check, rest = finding.check, "add those of the rest, or one of the whole period"
    if check.names:
        shown = ", ".join(value for value, _ in finding.examples[:_NAMES])
        more = len(check.names) - _NAMES
        shown += f" and {more} more" if more > 0 else ""
        return (
            f"`{check.goal}`: the table of targets has some that make none of the period: {shown}",
            rest,
        )
    covered = f"has targets for {finding.count} of {finding.rows} {check.value} of the period"
    message, help = _PARTS.get(check.value, (covered, rest))
    return f"`{check.goal}`: the table of targets {message}: the figure is held against none", help


def _of_names(finding: Finding) -> tuple[str, str | None]:
    """Of names that stand in targets and in a file of recipients."""
    check = finding.check
    if check.kind == "some-targets" and not finding.rows:
        return (
            f"`{check.goal}`: the table of targets has {finding.count} by name, and none of all",
            "write `by:`, the field that the names are of, for example `by: user.name`",
        )
    if check.kind == "some-targets":
        return (
            f"`{check.goal}`: {finding.count} of {finding.rows} have a target by `{check.of}`: the figure of"
            " all is not held against the sum of some",
            "give the others a target too, or say the target of all with `target:`",
        )
    known = [value for value, _ in finding.examples]
    if check.kind == "ambiguous-target":
        names = ", ".join(f"`{short(name)}`" for name in check.names[:_NAMES])
        names += f" and {len(check.names) - _NAMES} more" if len(check.names) > _NAMES else ""
        return (
            f"several share the name {names} in `{check.of}`, for which `{check.goal}` has a target: it is left out",
            f"write whose it is: {' or '.join(f'`{short(name, _WHOLE_NAME)}`' for name in known[:_NAMES])}",
        )
    near = {name: did_you_mean(name, known) for name in check.names[:_NAMES]}
    names = ", ".join(f"`{short(name)}`" for name in near)
    more = len(check.names) - len(near)
    names += f" and {more} more" if more else ""
    meant = ", ".join(f"`{short(name)}`" for name in dict.fromkeys(near.values()) if name)
    help = f"did you mean {meant}?" if meant else "compare them with the values that the source has"
    if check.kind == "unknown-recipient":
        return f"`{check.of}` is never {names}, which the file of recipients has: no report is made for them", help
    return f"`{check.of}` is never {names}, for which `{check.goal}` has a target: it is left out", help


def _lonely(binding: Binding, finding: Finding, tables: str) -> tuple[str, str | None]:
    check = finding.check
    assert check.relation is not None
    others = " and ".join(f"`{name}`" for name in table_names(binding, check.relation.to))
    message = (
        f"{tables} has {rows_of(finding.count)} whose `{check.of}` {others} does not have: they stand under no name"
    )
    if not finding.near and finding.count == finding.rows:
        column = _from(_written(binding, check.entity, check.relation.by))
        return (
            message,
            f"none of its values{column} is a key of {others}: name the column that has these keys",
        )
    if not finding.near:
        return (
            message,
            f"look whether {others} has all records; where they were removed, nothing is to be done",
        )
    most = "at least " if len(finding.examples) == MOST_KEYS else ""
    keys = [key for key, _ in finding.examples]
    column = _written(binding, check.entity, check.relation.by)
    cleaned = _cleaned(column, [plain_letters(key).strip() for key in keys], keys) if all(map(unseen, keys)) else None
    if column and cleaned:
        return message, (
            f"{most}{finding.near} of them would find theirs but for letters that are not seen: mend the source, or"
            f" write in the mapping `{mapping_line(check.relation.by, cleaned)}`"
        )
    wholes = [key for key, _ in finding.examples if _WHOLE.search(key)]
    numbers = [plain_letters(key).strip().isdecimal() for key, _ in finding.examples]
    how = ", for example with `lower(trim(…))`" if not any(numbers) else ""
    how = ", for example both with `cast(… as bigint)`" if all(numbers) else how
    if len(wholes) == len(finding.examples):
        whole = f"cast(cast({column or '…'} as double) as bigint)"
        return message, (
            f"{most}{finding.near} of them would find theirs but for the `.0` behind them: write in the mapping"
            f" `{mapping_line(check.relation.by, whole)}`"
        )
    return message, (
        f"{most}{finding.near} of them would find theirs but for blanks, leading zeros, the case of letters"
        f" or what is not seen: write both keys alike in the mapping{how}"
    )


def _translated(binding: Binding, finding: Finding) -> str:
    """The line of the mapping that makes the declared values of those that the source has; a blank is none."""
    check = finding.check
    assert check.field is not None
    column = _column(binding, check)
    if not column:
        return "translate them in the mapping's expression"
    if (cleaned := _cleaned(column, check.field.values, [value for value, _ in finding.examples])) is not None:
        return (
            f"they look the same, and have letters that are not seen: mend the source, or write in the mapping"
            f" `{mapping_line(check.field.name, cleaned)}`"
        )
    meant: dict[str, list[str]] = {}
    for value, _ in finding.examples:
        word = [word for word in check.field.values if word in re.findall(r"\w+", value.lower())]
        near = did_you_mean(value, check.field.values) if value.strip() else "null"
        near = None if len(word) > 1 else near  # `won/lost` may be either
        meant.setdefault(near or "…", []).append(value)
    cases = " ".join(
        f"when {column} in ({', '.join(map(quoted, values))}) then {to if to in ('…', 'null') else quoted(to)}"
        for to, values in sorted(meant.items(), key=lambda item: item[0] == "…")
    )
    line = f"write in the mapping: `{mapping_line(check.field.name, f'case {cases} else {column} end')}`"
    none_known = check.kind == "undeclared-value" and finding.count == finding.rows and set(meant) == {"…"}
    return f"if another column has it, name that one; else {line}" if none_known else line


def _of_letters(binding: Binding, finding: Finding, tables: str) -> tuple[str, str]:
    """Of texts that look the same and stand apart, or that have lost letters."""
    values = [value for value, _ in finding.examples]
    check, column = finding.check, _column(binding, finding.check)
    if check.kind == "lost-letters":
        return (
            f"{tables} has texts in `{check.of}`{_from(column)} with U+FFFD in place of a letter: {finding.count:,} of"
            f" {finding.rows:,} that the report shows",
            "the letters were lost before: export again as UTF-8, from where they are still whole",
        )
    cleaned = _cleaned(column, [plain_letters(value).strip() for value in values], values) if column else None
    way = f", or write in the mapping `{mapping_line(check.of.split('.')[1], cleaned)}`" if cleaned else ""
    return (
        f"`{check.of}`{_from(column)} of {tables} has {finding.count:,} values that look the same as another and are"
        " counted apart from it",
        f"write them alike in the source{way or _apart(values)}",
    )


def _apart(values: Sequence[str]) -> str:
    """In what the first of some texts differ that look the same."""
    apart = next(filter(None, (told_apart(one, other) for one, other in pairwise(values))), "")
    return f": {apart}" if apart else ""


def _cleaned(column: str, declared: Iterable[str], values: Sequence[str]) -> str | None:
    """The expression that takes letters away which are not seen, where that is all that is wrong with some values."""
    letters = dict.fromkeys(letter for value in values for letter in unseen(value))
    if not letters or any(plain_letters(value).strip() not in declared for value in values):
        return None
    expression = column
    for letter in letters:
        expression = f"replace({expression}, '{letter}', '{plain_letters(letter)}')"
    return f"trim({expression})" if any(plain_letters(value) not in declared for value in values) else expression


def _currency_given(binding: Binding, check: Check) -> str:
    """The line of the mapping that gives amounts without a currency the report's."""
    assert check.field is not None
    column = _column(binding, check) or "…"
    return mapping_line(check.field.name, f"coalesce(nullif({column}, ''), '{binding.currency}')")


_CODE = re.compile(r"[A-Za-z]{3}")


def _coded(binding: Binding, check: Check, sign: str) -> str:
    """The line of the mapping that makes the report's currency of a sign."""
    assert check.field is not None
    column = _column(binding, check) or "…"
    return mapping_line(
        check.field.name, f"case {column} when {quoted(sign)} then '{binding.currency}' else {column} end"
    )


def quoted(text: str) -> str:
    """A value of the data as a text of SQL, on one line."""
    quoted_text = harmless(text) if len(text.splitlines()) == 1 else one_line(text)
    escaped = quoted_text.replace("'", "''")
    return f"'{escaped}'"


def _notes(binding: Binding, finding: Finding) -> tuple[str, ...]:
    check = finding.check
    if check.kind == "no-key" and finding.examples:
        shown_by = told_by_field(binding, binding.entity(check.entity), keyless=True)
        values = " or ".join(f"`{short(value)}`" for value, _ in finding.examples[:_SHOWN])
        return (f"for example where `{check.entity}.{shown_by}` is {values}",)
    if check.kind == "unknown-value" and finding.examples:
        near = did_you_mean(check.value, [value for value, _ in finding.examples])
        known = [example for example in finding.examples if example[0].strip()]
        nearest = sorted(known, key=lambda nearest: nearest[0] != near)[:_KNOWN]
        listed = ", ".join(f"`{short(value)}` ({rows_of(n)})" for value, n in nearest)
        more = ", …" if len(known) > _KNOWN else ""
        return (f"it has {listed}{more}",) if listed else ()
    of_names = bool(check.goal) or check.kind in ("unknown-goal", "unknown-recipient")
    nothing: tuple[str, ...] = ()
    if finding.unmapped:
        listed = ", ".join(f"`{short(value)}` ({rows_of(n)})" for value, n in finding.unmapped[:_NAMES])
        nothing = (f"the mapping makes nothing of {listed}{', …' if len(finding.unmapped) > _NAMES else ''}",)
    if not finding.examples or check.kind in SOUGHT or of_names:
        return nothing
    most = len(finding.examples) if check.field is not None and check.field.closed else _SHOWN
    uncounted = ("no-key", "no-currency", "repeated-rate", "look-alikes", "lost-letters", *BY_HISTORY)
    counted = check.kind not in uncounted and check.expectation is None
    shown = [f"`{short(value)}`" + (f" ({rows_of(n)})" if counted else "") for value, n in finding.examples[:most]]
    return (f"for example {', '.join(shown)}", *nothing)


def rows_of(count: int, noun: str = "row") -> str:
    """A number of rows in words."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def short(text: str, longest: int = _LONGEST) -> str:
    """A value of the data on one line; its blanks stay to be seen."""
    said = shown_letters(harmless(text) if len(text.splitlines()) == 1 else one_line(text))
    return said if len(said) <= longest else said[: longest - 1] + "…"


def _from(column: str) -> str:
    return f" (column `{column}`)" if column else ""


def table_names(binding: Binding, entity: str) -> list[str]:
    """The tables that an entity's rows come from, as the mapping names them."""
    parts = binding.source.entities[entity].parts
    names = [".".join(piece.name for piece in part.table.parts) for part in parts]
    return list(dict.fromkeys(names)) or [entity]  # or its rows, which the mapping has itself


def _column(binding: Binding, check: Check) -> str:
    """The column that a field is read from as it is, as one writes it in the mapping, or nothing."""
    assert check.field is not None
    return _written(binding, check.entity, check.field.name)


def _written(binding: Binding, entity: str, field: str) -> str:
    mapped = binding.mapped(entity, field)
    several = len(binding.source.entities[entity].parts) > 1
    return "" if mapped is None or several else written_column(mapped)


def written_column(mapped: MappedField) -> str:
    """The column that a field is, as one writes it in a mapping; nothing where it is an expression."""
    if not isinstance(mapped.sql, exp.Column):
        return ""
    name = mapped.sql.name
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else f'"{name}"'


def _span(binding: Binding, finding: Finding) -> Span | None:
    """The line of the spec that names a value, or of one's own mapping."""
    check = finding.check
    if check.place is not None:
        return check.place
    if check.kind == "part-without-field" and check.part is not None:
        spans = (field.span for field in check.part.fields.values())
        return next((span for span in spans if span), binding.source.entities[check.entity].span)
    if check.kind == "no-rows" and not finding.examples and finding.rows:
        conditions = (part.where for part in binding.source.entities[check.entity].parts if part.where is not None)
        spans = (condition.meta.get(WRITTEN) for condition in conditions)
        return next((one for one in spans if one), binding.source.entities[check.entity].span)
    if check.kind in BY_HISTORY:
        return span_of_history(binding, check)
    if check.field is not None:
        mapped = binding.mapped(check.entity, check.field.name)
        return mapped.span if mapped is not None else None
    if check.relation is not None:
        mapped = binding.mapped(check.entity, check.relation.by)
        return mapped.span if mapped is not None else None
    return binding.source.entities[check.entity].span


def warnings(binding: Binding, findings: Iterable[Finding]) -> list[Diagnostic]:
    """What is told of a source, for the terminal."""
    return [diagnostic(binding, finding, refused=False) for finding in findings if not finding.reason]


__all__ = [
    "Ask",
    "Broken",
    "Finding",
    "diagnostic",
    "findings_of",
    "quoted",
    "rows_of",
    "settled",
    "short",
    "table_names",
    "warnings",
    "written_column",
]
