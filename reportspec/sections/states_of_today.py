"""Rows by states of the past where a source has no history: only today's are known, which are shown, and compared with
none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from reportspec.languages import as_part
from reportspec.measures.metric_columns import label
from reportspec.measures.unknown_states import listed_by_today, state_of_today
from reportspec.measures.words import word
from reportspec.model.domain import Entity, Metric
from reportspec.model.figures import Cell
from reportspec.model.spec import GroupedSection, Report
from reportspec.resolve.binding import metrics_needed
from reportspec.resolve.past_states import conditions_lack
from reportspec.sections.ordering import Kept, is_nameless


def without_change(report: Report, spec: GroupedSection, cells: list[Cell]) -> list[Cell]:
    """The cells of a row, without what it was before where rows are by states of which today's alone are known: how
    many of today's were there then is no change of them."""
    if report.compare is None:
        return cells
    by_today, width = [bool(_entities(report, spec, metric)) for metric in spec.metrics], len(report.side_names)
    return [None if at % width and by_today[at // width] else cell for at, cell in enumerate(cells)]


def closed_since(report: Report, spec: GroupedSection, kept: Sequence[Kept]) -> tuple[str, ...]:
    """What is to be said of a row without a state: rows were closed since the report's date, and had one then."""
    entities = [entity for metric in spec.metrics for entity in _entities(report, spec, metric)]
    if not entities or len(spec.dimensions) != 1 or report.reached >= report.known or not any(map(is_nameless, kept)):
        return ()
    return (word(report.language, "closed_since", as_part(report.language, label(report, entities[0].plural))),)


def listed_of_today(report: Report, lists: Iterable[tuple[str, tuple[exp.Expr, ...]]]) -> tuple[str, ...]:
    """What is to be said of lists of the past, each of rows of an entity that meet conditions, where the source does
    not tell which there were then, or in which states."""
    if report.reached >= report.known:
        return ()
    lists, binding, language = tuple(lists), report.binding, report.language
    by_today = (listed_by_today(binding, entity, conditions) for entity, conditions in lists)
    names = dict.fromkeys(as_part(language, label(report, one.plural)) for one in by_today if one is not None)
    states = tuple(word(language, "listed_by_today", name) for name in names)
    lacks = dict.fromkeys(conditions_lack(report.binding, entity, conditions) for entity, conditions in lists)
    fields = (report.binding.field(*lack.split(".")) for lack in lacks if lack is not None)
    untold = (word(language, "listed_untold", label(report, one.label)) for one in fields if one is not None)
    return (*states, *untold)


def _entities(report: Report, spec: GroupedSection, metric: Metric) -> list[Entity]:
    """The entities whose states of today rows are by, of what a metric is made of."""
    binding = report.binding
    found = (
        state_of_today(binding, part, dimension.path)
        for part in metrics_needed(binding.catalogue, metric)
        for dimension in spec.dimensions
    )
    return [entity for entity in found if entity is not None]
