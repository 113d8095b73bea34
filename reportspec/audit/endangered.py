"""The metrics that are doubtful where a check of the source's contract fails: those whose statements read what it is
about. Checks of a catalogue say theirs themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from reportspec.measures.asked import measures_of
from reportspec.model.audits import Audit, AuditCheck
from reportspec.model.findings import Check, Kind
from reportspec.model.query import AggregateQuery, Side
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed, need_metric
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.survey_sql import fields_read

_OF_KEYS: tuple[Kind, ...] = ("no-key", "repeated-key")


def endangered(binding: Binding, audit: Audit, checks: Iterable[AuditCheck]) -> Mapping[str, tuple[str, ...]]:
    """By key of each check of the contract the metrics that it endangers, variants under the name of what they are
    variants of."""
    asked = {check.key: check.contract for check in checks if check.contract is not None}
    read = _read_by_metrics(binding, audit) if asked else {}
    return {
        key: tuple(name for name, fields in read.items() if _concerns(check, fields)) for key, check in asked.items()
    }


def _concerns(check: Check, read: Mapping[str, frozenset[str]]) -> bool:
    """Whether a check is about what is read: of keys about all of the entity, whose rows they tell apart."""
    return check.entity in read if check.kind in _OF_KEYS else check.concerns(read)


def _read_by_metrics(binding: Binding, audit: Audit) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """By metric that the source serves the fields that its statements read, by entity."""
    of_parts: dict[str, Mapping[str, frozenset[str]]] = {}
    by_metric: dict[str, Mapping[str, frozenset[str]]] = {}
    until = audit.at.date()
    side = Side("current", until - timedelta(days=1), until, audit.at)
    for metric in binding.catalogue.metrics.values():
        try:
            need_metric(binding, metric)
        except Unresolved:
            continue
        parts = metrics_needed(binding.catalogue, metric)
        for part in parts:
            if part.id not in of_parts:
                query = AggregateQuery("audit", "figures", (), measures_of(binding, part), (side,), ())
                of_parts[part.id] = fields_read([aggregate_statement(binding, query)], binding)
        by_metric[metric.family] = _together([by_metric.get(metric.family, {}), *(of_parts[part.id] for part in parts)])
    return by_metric


def _together(read: Collection[Mapping[str, frozenset[str]]]) -> Mapping[str, frozenset[str]]:
    names = dict.fromkeys(name for fields in read for name in fields)
    return {name: frozenset().union(*(fields.get(name, frozenset()) for fields in read)) for name in names}
