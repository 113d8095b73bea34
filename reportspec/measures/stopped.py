"""Tables that have ended while the source goes on: what the figures that are made of them do not know.

Of a period that begins after a table's last change nothing is known, and a figure of it is not nought. A period in
which it ended is known in part, and is compared with none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from reportspec.calendar import Bucket, day_label, instant, period_label
from reportspec.measures.arithmetic import OF_THE_PAST
from reportspec.measures.words import word
from reportspec.model.column_ids import Aggregated, Row, SideName, Stopped, Untold
from reportspec.model.domain import Metric
from reportspec.model.findings import Finding
from reportspec.model.query import Side
from reportspec.model.spec import Report
from reportspec.resolve.anchors import anchors, over_a_period
from reportspec.resolve.binding import metrics_needed
from reportspec.resolve.emptiness import made_of
from reportspec.resolve.past_states import past_lack


def counted_entities(report: Report) -> set[str]:
    """The entities of tables whose rows the report's metrics count and add up, or are made of."""
    catalogue, counted = report.binding.catalogue, {part.entity for part in counted_parts(report)}
    return {name for entity in counted for name in made_of(catalogue, entity)}


def counted_parts(report: Report) -> tuple[Metric, ...]:
    """The aggregates that the report's metrics are, or are made of, each once. They are asked for at each row and step,
    and found once; the sections are kept beside them, so that nothing else gets their id."""
    kept, key = report.binding.remembered, (counted_parts, id(report.sections))
    if key not in kept:
        metrics = (metric for section in report.sections for metric in section.metrics)
        needed = (part for metric in metrics for part in metrics_needed(report.binding.catalogue, metric))
        kept[key] = (report.sections, tuple({part.id: part for part in needed}.values()))
    found: tuple[Metric, ...] = kept[key][1]
    return found


def stopped_tables(findings: Iterable[Finding]) -> Mapping[str, date]:
    """The day of the last change of each entity that has ended, as the survey found it; but of those whose silence the
    project explains."""
    return {
        finding.check.entity: date.fromisoformat(finding.check.value)
        for finding in findings
        if finding.check.kind == "stale-table" and not finding.reason
    }


def begun_tables(findings: Iterable[Finding]) -> Mapping[tuple[SideName, str], date]:
    """The first day of the data of each entity that begin within a period that is compared with or after it, by its
    side, as the survey found it; but of those of which the project explains it."""
    return {
        (check.side.name, check.entity): date.fromisoformat(check.value)
        for finding in findings
        for check in [finding.check]
        if check.kind in ("late-start", "no-rows") and check.side is not None and check.value and not finding.reason
    }


def begun_text(report: Report, side: SideName, table: str) -> str:
    """What is said of figures that are not compared, since the data of a table begin within the period of a side."""
    other = report.comparison(side)
    assert other is not None
    stretch = period_label(other.period, report.language, report.locale)
    day = day_label(report.begun_within[side, table], report.language, report.locale)
    names = report.binding.entity(table).plural
    key = "begun_within" if report.begun_within[side, table] < other.period.end else "begun_after"
    return word(report.language, key, names.get(report.language) or names["en"], day, stretch)


def not_told(report: Report, side: Side, bucket: Bucket | None = None) -> Row:
    """What figures of a side, or of one of its buckets, are not known, by the entity that they are made of."""
    past = _of_the_past(report, side, bucket)
    if not report.stopped and not report.begun_within:
        return past
    start = instant(bucket.start if bucket is not None else side.start, report.binding.zone)
    names = [
        name
        for name in counted_entities(report)
        for ended in [_ended(report, name)]
        # What stands beside a period that is known in part would be compared with all of another.
        if ended is not None and (ended <= start or (side.name != "current" and bucket is None))
    ]
    told: Row = {**past, **{Stopped(name, side.name): True for name in names}}
    if side.name == "current":
        return told
    late = [
        part.entity
        for part in counted_parts(report)
        for begins in [max((day for _, day in _begun(report, part, side.name)), default=None)]
        if begins is not None and (bucket is None or bucket.start < begins)
    ]
    # Nor is it known what was there at the end of a period that lies before all data.
    begun, catalogue = report.begun_within, report.binding.catalogue
    before: Row = {
        Stopped(part.entity, side.name): True
        for part in counted_parts(report)
        for name in made_of(catalogue, part.entity)
        if (side.name, name) in begun and begun[side.name, name] >= side.end
    }
    return {**told, **{Stopped(name, side.name, "flows"): True for name in late}, **before}


def _of_the_past(report: Report, side: Side, bucket: Bucket | None) -> Row:
    """Of which stocks the source does not tell what there was at the end of a side, or of one of its buckets. Up to
    where the data go nothing has closed since: what closes later only was written by mistake."""
    at = side.as_of if bucket is None else min(side.as_of, instant(bucket.end, report.binding.zone))
    if at >= report.known:
        return {Aggregated(part.id, one, side.name): 0 for part in counted_parts(report) for one in OF_THE_PAST}
    parts = (part for part in counted_parts(report) if bucket is None or not part.ahead)
    found: Row = {Untold(part.id, side.name): True for part in parts if past_lack(report.binding, part) is not None}
    return found


def why_past_untold(report: Report, metric: Metric) -> list[str]:
    """What is to be said at a metric that is a stock of the past, where the source tells only what there is today."""
    binding, notes = report.binding, []
    if all(side.as_of >= report.known for side in report.all_sides):
        return []
    for part in metrics_needed(binding.catalogue, metric):
        lack = past_lack(binding, part)
        field = binding.field(*lack.split(".")) if lack is not None else None
        if field is not None:
            name, lacks = (texts.get(report.language) or texts["en"] for texts in (part.label, field.label))
            notes.append(word(report.language, "past_untold", name, lacks))
    return notes


def why_not_told(report: Report, metric: Metric) -> list[str]:
    """What is to be said at a metric of whose period nothing is known, or only a part."""
    catalogue, zone, notes = report.binding.catalogue, report.binding.zone, []
    for entity in dict.fromkeys(part.entity for part in metrics_needed(catalogue, metric) if not part.ahead):
        ended = _ended(report, entity)
        if ended is None:
            continue
        [table] = [name for name in made_of(catalogue, entity) if name in report.stopped][:1]
        names = report.binding.entity(table).plural
        day = day_label(report.stopped[table], report.language, report.locale)
        before = ended <= instant(report.period.start, zone)
        if before or report.compare is not None:
            key = "stopped_before" if before else "stopped_within"
            notes.append(word(report.language, key, names.get(report.language) or names["en"], day))
    for part in metrics_needed(catalogue, metric):
        for side in dict.fromkeys(side for side, _ in report.begun_within):
            notes += [begun_text(report, side, name) for name, _ in _begun(report, part, side)]
    return list(dict.fromkeys((*notes, *why_past_untold(report, metric))))


def _begun(report: Report, part: Metric, side: SideName) -> list[tuple[str, date]]:
    """The entities that what is counted over a period is made of, or by whose times it is in one, of which the data
    begin within the period of a side, and on which day."""
    begun = report.begun_within
    if not begun or not over_a_period(part):
        return []
    timed = (entity for entity, _ in anchors(report.binding, part))
    names = dict.fromkeys((*made_of(report.binding.catalogue, part.entity), *timed))
    return [(name, begun[side, name]) for name in names if (side, name) in begun]


def _ended(report: Report, entity: str) -> datetime | None:
    """When the first of the tables that an entity is made of has ended, at the end of its last day."""
    days = [report.stopped[one] for one in made_of(report.binding.catalogue, entity) if one in report.stopped]
    return instant(min(days) + timedelta(days=1), report.binding.zone) if days else None
