"""Columns of metrics, with the footnotes that their values call for; and what stands beside the values of a row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import time, timedelta
from typing import Any

from sqlglot import exp

from reportspec.calendar import Bucket, period_label
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import conjuncts
from reportspec.languages import as_part
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.arithmetic import much_unseen, number
from reportspec.measures.asked import Since, bounds_of, since_of
from reportspec.measures.caveats import Estimate
from reportspec.measures.stopped import not_told, why_not_told
from reportspec.measures.unknown_states import asks_what_was, happened_by_today, without_history
from reportspec.measures.words import word
from reportspec.model.column_ids import Aggregated, ColumnId, PeriodDays, Row, SideName, Target
from reportspec.model.domain import Field, Metric
from reportspec.model.figures import Cell, Column, Remark, Section
from reportspec.model.query import AggregateQuery, Side
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed
from reportspec.resolve.currencies import multiplier, needs_currency, only_amount
from reportspec.resolve.nothing import only_after, without_regard
from reportspec.resolve.past_states import flow_lack, is_stock, past_lack


@dataclass(slots=True)
class Footnotes:
    """The report's footnotes, numbered as they come. `unnamed` are the entities of which some amounts
    have no currency; `estimates` say what amounts that are not there would add to an aggregate on a side. `much` is
    what amounts leave out of a tenth or more of their rows, by the amounts' names: a reader is to know it before the
    figures."""

    unnamed: Collection[str] = ()
    estimates: Mapping[tuple[str, SideName], Estimate] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    remarks: dict[str, Remark] = field(default_factory=dict)
    much: dict[str, str] = field(default_factory=dict)

    def add(self, text: str, remark: Remark | None = None) -> int:
        """The number of a footnote, a new one if it is not there yet; with what it says of its figure where others of
        its kind may stand beside it."""
        if remark is not None:
            self.remarks[text] = remark
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


def in_reading_order(sections: Sequence[Section], texts: Sequence[str]) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """The sections with their footnotes numbered as a reader meets them, and the footnotes in that
    order; those that no figure points at come last."""
    met: dict[int, None] = {}
    for section in sections:
        columns = [*(kpi.column for kpi in section.kpis), *section.columns]
        met.update(dict.fromkeys(section.footnotes))
        met.update(dict.fromkeys(n for column in columns for n in column.footnotes))
    order = [*met, *(n for n in range(1, len(texts) + 1) if n not in met)]
    place = {number: at for at, number in enumerate(order, 1)}

    def column(one: Column) -> Column:
        return replace(one, footnotes=tuple(sorted(place[n] for n in one.footnotes)))

    numbered = tuple(
        replace(
            section,
            columns=tuple(map(column, section.columns)),
            kpis=tuple(replace(kpi, column=column(kpi.column)) for kpi in section.kpis),
            footnotes=tuple(sorted(place[n] for n in dict.fromkeys(section.footnotes))),
            notes=tuple(dict.fromkeys(section.notes)),
        )
        for section in sections
    )
    return numbered, tuple(texts[number - 1] for number in order)


def label(report: Report, texts: Mapping[str, str]) -> str:
    """A catalogue text in the report's language."""
    return texts.get(report.language) or texts["en"]


def lengths(report: Report, side: Side, bucket: Bucket | None = None) -> Row:
    """How many days of a side (or of one of its buckets) have begun, for formulas, and what is not known of it."""
    start, end = (bucket.start, bucket.end) if bucket else (side.start, side.end)
    limit = side.as_of.astimezone(report.binding.zone)
    begun = limit.date() + timedelta(days=1 if limit.time() > time.min else 0)
    days = max(0, (min(end, begun) - start).days)
    return {PeriodDays(side.name): days, **not_told(report, side, bucket)}


def all_lengths(report: Report) -> Row:
    """The same for all sides, and the targets of goals."""
    lengths_of = {key: value for side in report.all_sides for key, value in lengths(report, side).items()}
    return {**lengths_of, **targets(report)}


def targets(report: Report) -> Row:
    """The targets of goals for the whole period, for formulas."""
    return {Target(metric): goal.target for metric, goal in report.goals.items() if goal.target is not None}


def additivity(query: AggregateQuery | None) -> dict[ColumnId, str]:
    """How each fetched column adds up over rows."""
    texts: dict[ColumnId, str] = {}
    for measure in query.measures if query is not None else ():
        if not measure.metric:
            continue  # the place of a row in the order of its entity
        how = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}.get(measure.aggregate, "none")
        if measure.keep != "value":
            how = "sum"
        for side in query.sides if query is not None else ():
            texts[measure.on(side)] = how
    return texts


def metric_column(
    report: Report, metric: Metric, footnotes: Footnotes, row: Row | None, conditions: tuple[exp.Expr, ...] = ()
) -> Column:
    """A metric's column, with the footnotes that its values in a row call for; `conditions` are those of its section,
    besides the report's."""
    marks = []
    if metric.caveat:
        marks.append(footnotes.add(label(report, metric.caveat)))
    marks += [footnotes.add(text) for text in why_not_told(report, metric)]
    marks += [footnotes.add(text) for text in _of_those_only(report, metric, (*report.conditions, *conditions))]
    marks += [footnotes.add(text) for text in _without_regard(report, metric)]
    marks += [footnotes.add(text) for text in _states_of_today(report, metric, (*report.conditions, *conditions))]
    if row is not None:
        for part in metrics_needed(report.binding.catalogue, metric):
            for side in report.side_names:
                marks += _left_out(report, metric, part, footnotes, row, side)
                if not conditions and (much := _much_left_out(report, part, row, side)):
                    footnotes.much.setdefault(name_on(report, side, label(report, part.label)), much)
                marks += _incomplete(report, part, row, side, footnotes)
            asked = (*report.conditions, *conditions)
            told = _of_the_past(report, part, row, asked)
            # What is said of the report's own figure says it of the one beside it, too.
            sides = () if _unknown_past(report, part, row, "current", asked) else report.side_names
            told += [text for side in sides[1:] for text in _unknown_past(report, part, row, side, asked)]
            marks += [footnotes.add(text) for text in told]
    kind = "integer" if metric.unit == "count" and metric.kind == "aggregate" else "number"
    return Column(
        metric.id,
        label(report, metric.label),
        kind,  # type: ignore[arg-type]
        metric.unit,  # type: ignore[arg-type]
        "metric",
        metric.id,
        metric.direction,
        report.binding.currency if metric.unit == "currency" else None,
        metric.decimals,
        tuple(dict.fromkeys(marks)),
    )


def _of_those_only(report: Report, metric: Metric, conditions: Iterable[exp.Expr]) -> list[str]:
    """What is to be said where a condition is about what rows have only once something has happened to them: a filter
    on deals leaves of leads those that were converted, all of which were."""
    binding, notes = report.binding, []
    for part in metrics_needed(binding.catalogue, metric):
        for tree in conditions:
            try:
                late = only_after(binding, part.entity, tree)
            except Unresolved:
                continue  # it says nothing of these rows
            if late is None or _asks_for(binding, part, late[1]):
                continue
            entity, event = late
            field = binding.catalogue.entities[event.partition(".")[0]].fields[event.partition(".")[2]]
            rows, other = binding.entity(part.entity).plural, binding.entity(entity).label
            names = (as_part(report.language, label(report, text)) for text in (rows, other))
            notes.append(
                word(report.language, "only_after", label(report, part.label), *names, label(report, field.label))
            )
    return notes


def _without_regard(report: Report, metric: Metric) -> list[str]:
    """What is to be said of rows that a definition leaves out by a field that the source does not give: they are in."""
    binding, notes = report.binding, []
    for part in metrics_needed(binding.catalogue, metric):
        for of in without_regard(binding, part.entity, part.where) if part.where is not None else ():
            field = binding.field(*of.split("."))
            assert field is not None
            notes.append(word(report.language, "without_regard", label(report, part.label), label(report, field.label)))
    return notes


def _states_of_today(report: Report, metric: Metric, conditions: Sequence[exp.Expr]) -> list[str]:
    """What is to be said of what happened in the past where it is asked what its records were, and the source tells
    only what they are."""
    binding, language, notes = report.binding, report.language, list[str]()
    if all(side.as_of >= report.known for side in report.all_sides):
        return notes
    for part in metrics_needed(binding.catalogue, metric):
        if is_stock(part):
            continue
        asked = (*conjuncts(part.where), *conditions)
        lack = flow_lack(binding, part.entity, asked)
        event = binding.field(*lack.split(".")) if lack is not None else None
        entity = happened_by_today(binding, part, conditions)
        name = label(report, part.label)
        if event is not None:
            notes.append(word(language, "happened_without_event", name, label(report, event.label)))
        elif entity is not None:
            notes.append(word(language, "happened_by_today", name, as_part(language, label(report, entity.plural))))
    return notes


def _asks_for(binding: Binding, part: Metric, event: str) -> bool:
    """Whether an aggregate counts only rows to which an event has happened."""
    asked = [part.time] if part.time is not None else []
    asked += part.where.flatten() if isinstance(part.where, exp.And) else [part.where] if part.where is not None else []
    for node in asked:
        path = path_of(node) if isinstance(node, (exp.Column, exp.Dot)) else ()
        reference = binding.resolve(part.entity, path) if len(path) > 1 else None
        if reference is not None and not reference.steps:
            field = reference.field
            if f"{field.entity}.{field.as_of.event if field.as_of is not None else field.name}" == event:
                return True
    return False


def _left_out(
    report: Report, metric: Metric, part: Metric, footnotes: Footnotes, row: Row, side: SideName
) -> list[int]:
    """The footnotes on the rows that a part of a metric leaves out on a side."""
    marks = []
    name = name_on(report, side, label(report, part.label))
    if missing := row.get(Aggregated(part.id, "missing", side)):
        # What came converted from another entity does not tell why it is missing.
        direct = Aggregated(part.id, "other_currency", side) in row
        converted = not direct and _converted_before(report, part)
        cause = _same_rows(report, part, row, side)
        since = since_of(part)
        lacks = _lacking(report, cause) if since is None else _began(report, part, since)
        converted = converted and _converted_before(report, cause)
        if since is not None:
            word_of_note = "incomplete"
        elif part.unit != "currency" and not _of_an_amount(report, part):
            word_of_note = _without_value(report, part)
        elif lacks:
            word_of_note = "missing_one_of_or_rate" if converted else "missing_one_of"
        else:
            word_of_note = "missing_or_rate" if converted else "missing"
        counts = _counted(report, part, missing)
        said = part.unit != "currency" and part.aggregate == "sum" and metric.unit == "currency"  # of its amounts
        if not said:
            left_out = word(report.language, word_of_note, name, counts, lacks)
            added = _would_add(report, part, missing, footnotes, side)
            part_of_it = word(report.language, f"part_{word_of_note}", counts, lacks)
            about = added.strip().rstrip(".")  # it begins with a preposition in every language
            about = f" ({about[:1].lower()}{about[1:]})" if about else ""
            marks.append(
                footnotes.add(left_out + added, Remark("left_out", name, part_of_it + about, f"{word_of_note} {lacks}"))
            )
    if other := row.get(Aggregated(part.id, "other_currency", side)):
        why = "other_or_no_currency" if part.entity in footnotes.unnamed else "other_currency"
        given = (_counted(report, part, other), report.binding.currency)
        what = word(report.language, f"part_{why}", *given)
        marks.append(footnotes.add(word(report.language, why, name, *given), Remark("left_out", name, what, why)))
    return marks


_MUCH, _FEW_ROWS = 0.1, 10  # the part of an amount's rows that is told of before the figures, of so many or more


def _much_left_out(report: Report, part: Metric, row: Row, side: SideName) -> str:
    """How many rows of how many an amount leaves out on a side, where that is much of them; else nothing."""
    if part.unit != "currency" or part.aggregate != "sum":
        return ""
    counted, missing, other = (
        row.get(Aggregated(part.id, one, side)) or 0 for one in ("n", "missing", "other_currency")
    )
    every = counted + missing + other
    if every < _FEW_ROWS or (missing + other) < _MUCH * every:
        return ""
    rows = _counted(report, part, every)
    return word(report.language, "part_much_left_out", report.number(int(missing + other)), rows)


def _without_value(report: Report, part: Metric) -> str:
    """The word for rows that lack a value, or have one that the metric does not count."""
    bounds = bounds_of(report.binding, part)
    if bounds is None:
        return "missing_value"
    return "missing_or_ends_before" if bounds.spans else "missing_or_below_zero"


def _would_add(report: Report, part: Metric, missing: Any, footnotes: Footnotes, side: SideName) -> str:
    """What the rows that are left out for want of an amount would add, where it is known of just these."""
    estimate = footnotes.estimates.get((part.id, side))
    if estimate is None or estimate.missing != missing:
        return ""
    language = report.language
    places = 1 - int(f"{estimate.amount:e}".partition("e")[2]) if estimate.amount else 0  # two digits are known at most
    worth = report.money(round(estimate.amount, min(places, 0)))
    by = estimate.by.split(".")
    field = report.binding.field(by[0], by[-1]) if len(by) > 1 else None
    if field is None:
        return " " + word(language, "would_add", worth)
    return " " + word(language, "would_add_by", worth, as_part(language, label(report, field.label)))


def _of_the_past(report: Report, part: Metric, row: Row, conditions: Iterable[exp.Expr]) -> list[str]:
    """What is to be said of states of the past that the source does not tell."""
    language, notes = report.language, list[str]()
    entity = without_history(report.binding, part)
    if entity is not None and past_lack(report.binding, part) is None:
        named = as_part(language, label(report, entity.plural))
        notes.append(word(language, "as_of_today", named))
    return [*notes, *_unknown_past(report, part, row, "current", conditions)]


def _incomplete(report: Report, part: Metric, row: Row, side: SideName, footnotes: Footnotes) -> list[int]:
    """The footnotes on a side's amounts without what they are multiplied by."""
    incomplete, unknown = (row.get(Aggregated(part.id, one, side)) or 0 for one in ("incomplete", "unknown"))
    if incomplete <= unknown or part.of is None:
        return []
    name, by = label(report, part.label), multiplier(report.binding, part.entity, part.of)
    # An expression of the amount alone may have no value either, such as one divided by 0.
    lacks = label(report, by.label) if by is not None else name
    name = name_on(report, side, name)
    counts = _counted(report, part, incomplete - unknown)
    text = word(report.language, "incomplete", name, counts, lacks)
    what = word(report.language, "part_incomplete", counts, lacks)
    return [footnotes.add(text, Remark("left_out", name, what, f"incomplete {lacks}"))]


def _unknown_past(report: Report, part: Metric, row: Row, side: SideName, conditions: Iterable[exp.Expr]) -> list[str]:
    """What is to be said of a side's states of the past that the source does not tell."""
    name = name_on(report, side, label(report, part.label))
    unknown, unplanned = (row.get(Aggregated(part.id, one, side)) for one in ("unknown", "unplanned"))
    unseen = row.get(Aggregated(part.id, "unseen", side))
    told = any(one.name == side and one.as_of >= report.known for one in report.all_sides)
    if told or past_lack(report.binding, part) is not None or not (unknown or unplanned or unseen):
        return []
    if unseen and not unknown and not unplanned and not much_unseen(part, row, side):
        return [word(report.language, "unseen_past", name, _counted(report, part, unseen))]
    if asks_what_was(report.binding, part, conditions):
        counts = _counted(report, part, max(unknown or 0, unplanned or 0, unseen or 0))
        return [word(report.language, "filtered_past", name, counts)]
    if unknown:
        return [word(report.language, "unknown_past", name, _counted(report, part, unknown))]
    return [word(report.language, "unplanned_past", name, _counted(report, part, unplanned))]


def _converted_before(report: Report, part: Metric) -> bool:
    """Whether a metric's amounts were converted in the entity that they come from."""
    return part.of is not None and needs_currency(report.binding, part.entity, part.of)


def _same_rows(report: Report, part: Metric, row: Row, side: SideName) -> Metric:
    """The metric beside a part whose missing values are the part's: it is made of less, all of which the part needs,
    and as many rows lack it. A margin lacks what the costs beside it lack."""
    found, made_of = part, _made_of(report.binding, part.entity, part.of).keys()
    for key, missing in row.items():
        if not isinstance(key, Aggregated) or (key.part, key.side) != ("missing", side) or not missing:
            continue
        other = report.binding.catalogue.metrics.get(key.metric)
        if (
            other is None
            or other.of is None
            or other.aggregate != "sum"
            or missing != row[key._replace(metric=part.id)]
        ):
            continue
        if (other.entity, other.time, other.where) == (part.entity, part.time, part.where):
            less = _made_of(report.binding, other.entity, other.of).keys()
            if less < made_of:
                found, made_of = other, less
    return found


def _of_an_amount(report: Report, part: Metric) -> bool:
    """Whether a value is made of an amount and something else, of which each may be missing by itself."""
    return part.of is not None and only_amount(report.binding, part.entity, part.of) is not None


_NAMED_AT_MOST = 5  # fields of which one is missing


def _lacking(report: Report, part: Metric) -> str:
    """What a value is made of in the source, any of which may be missing; nothing where it is an amount alone."""
    if _of_an_amount(report, part):
        return ""  # what else may be missing is told by itself
    fields = _made_of(report.binding, part.entity, part.of)
    names = list(dict.fromkeys(label(report, field.label) for field in fields.values()))
    return ", ".join(names) if 1 < len(names) <= _NAMED_AT_MOST else ""


def _began(report: Report, part: Metric, since: Since) -> str:
    """What the time is called that a count of a stock asks after, since when something has been so."""
    fields = _made_of(report.binding, part.entity, since.began)
    return ", ".join(dict.fromkeys(label(report, field.label) for field in fields.values()))


def _made_of(binding: Binding, entity: str, tree: exp.Expr | None) -> dict[str, Field]:
    """The fields of the source that a value is made of, by their ids; what an entity makes of several rows of another
    is one itself."""
    found: dict[str, Field] = {}
    for path in dict.fromkeys(map(path_of, column_nodes(tree))) if tree is not None else ():
        if len(path) < 2:
            continue
        reference = binding.resolve(entity, path)
        derived = binding.entity(binding.entity_at(entity, reference.steps)).derived
        made = derived.fields.get(reference.field.name) if derived is not None else None
        if derived is None or made is None or derived.group_by or derived.match is not None:
            found[reference.field.id] = reference.field
            continue
        if isinstance(made, exp.Anonymous) and made.name.upper() == "CONVERTED":
            made = made.expressions[0]
        found |= _made_of(binding, derived.source, made)
    return found


def _counted(report: Report, metric: Metric, count: Any) -> str:
    entity = report.binding.entity(metric.entity)
    name = label(report, entity.label if count == 1 else entity.plural)
    return f"{report.number(int(count))} {as_part(report.language, name)}"


def other_columns(report: Report, column: Column) -> list[Column]:
    """The columns of a metric's figures of the periods that the report is compared with. Where these are two, each says
    of which it is."""
    return [
        Column(
            f"{column.name}__{side}",
            name_on(report, side, column.label),
            column.type,
            column.unit,
            side,
            column.metric,
            column.direction,
            column.currency,
            column.decimals,
            against=against,
        )
        for side in report.side_names
        if side != "current"
        for against in [_called(report, side)]
    ]


def name_on(report: Report, side: SideName, name: str) -> str:
    """What a figure of this name is called on a side: as the column is that it stands in."""
    if side == "current":
        return name
    against = _called(report, side)
    return f"{name} · {against}" if against else word(report.language, "previous", name)


def _called(report: Report, side: SideName) -> str:
    """What the period of a side is called, of a report with two comparisons."""
    stretch = report.compared if side == "previous" else report.compared_besides
    if report.second is None or stretch is None:
        return ""
    return period_label(stretch, report.language, report.locale)


def change(metric: Metric, value: Cell, previous: Cell) -> float | None:
    """The change against the comparison: relative, or in fractions for percentages. None where it is no part of what
    was: of nothing, or less than nothing, and where what there was is gone and more than that."""
    if not isinstance(value, (int, float)) or not isinstance(previous, (int, float)):
        return None
    if metric.unit == "percent":
        return float(number(value - previous) or 0.0)
    return float(number((value - previous) / previous) or 0.0) if previous > 0 and value >= 0 else None


def marked(column: Column, mark: int) -> Column:
    return (
        replace(column, footnotes=tuple(dict.fromkeys((*column.footnotes, mark))))
        if column.role == "metric"
        else column
    )
