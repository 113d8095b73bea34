"""A forecast of what the period brings: the amount with its range, the tests that it was put to, and by whom it comes.

A report may show several sides of one forecast. The first section of each set of conditions asks for its windows; the
others read them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from reportspec.forecasting.rest import Changes
from reportspec.forecasting.simple import RULES
from reportspec.measures.answers import Answers
from reportspec.measures.asked import measures
from reportspec.measures.flow_windows import adds_up_over_time, flow_queries
from reportspec.measures.forecast_windows import (
    cell_dimensions,
    forecast_entity,
    forecasting_of,
    frame_of,
    later_query,
    no_matter_of_forecasts,
    open_query,
    past_frame,
    stated_query,
    windows_queries,
    won_query,
)
from reportspec.measures.metric_columns import Footnotes
from reportspec.model.domain import Metric
from reportspec.model.figures import Section
from reportspec.model.query import AggregateQuery, Query, RecordsQuery
from reportspec.model.spec import Report, SectionSpec
from reportspec.resolve.binding import Unresolved
from reportspec.sections.asked_dimensions import dimensions_of
from reportspec.sections.asked_metrics import Rules, find_metric, unusable
from reportspec.sections.asking import conditions_of
from reportspec.sections.context import Context, Draft, label_of, title_of
from reportspec.sections.flow_forecast import flow_columns, flow_summary, flow_tests
from reportspec.sections.forecast_basis import ForecastSection, behind_note, leader_of, made_of, of_windows, unit_of
from reportspec.sections.forecast_chances import CALIBRATION, calibration_side, deals_side, stages_side
from reportspec.sections.forecast_members import members_side
from reportspec.sections.forecast_summary import MOST_NAMED, summary_side
from reportspec.sections.forecast_tests import POINTS, accuracy_side, called_stretch, tests_side
from reportspec.sections.forecast_words import (
    forecast_word,
)
from reportspec.sections.records import names_listed
from reportspec.sections.section_kind import Kind, section_of
from reportspec.sections.text import nothing_served

MOST_GONE = 10_000

LEAST_CHANGE, MOST_CHANGE = -0.9, 9.0  # of what is asked to be otherwise, as in the schema

MOST_LISTED = 7


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """What of a forecast is shown, if the source can serve one."""
    if draft.standard and context.ended and (draft.body.get("by") or draft.body.get("show", "summary") != "summary"):
        return None  # that there is nothing left to forecast is said once
    binding, show = context.binding, draft.body.get("show", "summary")
    named = "forecast" if show == "summary" else f"forecast_{show}"
    title = title_of(context, draft, named)
    if "metric" in draft.body:
        metric = _flow_metric(context, draft)
        if metric is None:
            return nothing_served(context, draft, title)
        main = binding.catalogue.forecast_of
        if main is None or main.forecasting is None or metric.id != main.forecasting.metric:
            return _flow(context, draft, metric, title)
    entity = binding.catalogue.forecast_of
    dimensions = dimensions_of(context, draft)
    if entity is None or entity.forecasting is None or dimensions is None:
        return nothing_served(context, draft, title)
    spec, metrics = entity.forecasting, binding.catalogue.metrics
    metric, stock = metrics[spec.metric], metrics[spec.stock]
    conditions = (*context.conditions, *draft.conditions)
    problem = unusable(context, metric, Rules(rows=True), dimensions, conditions)
    problem = problem or unusable(context, stock, Rules(rows=True), dimensions, conditions)
    try:
        for tree in (spec.created, spec.open, spec.won, spec.final):
            binding.need_tree(entity.name, tree)
    except Unresolved as why:
        problem = problem or why
    if problem is not None:
        draft.refuse(context, "forecast", label_of(context, metric.label), problem, draft.inner)
        return nothing_served(context, draft, title)
    if dimensions and draft.body.get("show"):
        context.document.tell(
            "bad-value",
            "a forecast is shown by fields, or by what `show` says, not both",
            (*draft.inner, "show"),
            "leave out `show` or `by`, or write a section for each",
            key=True,
        )
    listed = tuple(path for name in spec.listed if _given(context, entity.name, path := tuple(name.split("."))))
    named_ones = [(".".join(path), path) for path in listed] if show in ("deals", "stages") else []
    return ForecastSection(
        **draft.common(context),
        title=title_of(context, draft, named, dimensions),
        conditions=draft.conditions,
        metrics=(metric,),
        dimensions=dimensions,
        show=show,
        names=(entity.name, "name") if binding.gives(entity.name, "name") else (),
        what_if=_changes(context, draft),
        listed=listed,
        told=names_listed(binding, entity.name, named_ones),
    )


def _flow_metric(context: Context, draft: Draft) -> Metric | None:
    """The metric that is to be forecast, or None with the mistake told."""
    place = (*draft.inner, "metric")
    metric = find_metric(context.binding, context.document, str(draft.body["metric"]), place, quiet=draft.standard)
    if metric is not None and not adds_up_over_time(metric):
        context.document.tell(
            "bad-value",
            f"`{metric.id}` cannot be forecast: it is no sum or number of what happened in a period",
            place,
            "name what parts of a period add up to, such as `leads_created_count` or `won_amount`",
        )
        return None
    return metric


def _flow(context: Context, draft: Draft, metric: Metric, title: str) -> SectionSpec | None:
    """The forecast of a metric by simple rules, which has a summary and tests."""
    for key in ("by", "what_if"):
        if draft.body.get(key):
            message = f"a forecast by simple rules has no `{key}`"
            help = "leave it out, or leave out `metric`, for the forecast of what is won"
            context.document.tell("bad-value", message, (*draft.inner, key), help, key=True)
    show = draft.body.get("show", "summary")
    if show not in ("summary", "tests"):
        message = f"a forecast by simple rules has no `{show}`"
        context.document.tell("bad-value", message, (*draft.inner, "show"), "it has `summary` and `tests`")
        return nothing_served(context, draft, title)
    problem = unusable(context, metric, Rules(), (), (*context.conditions, *draft.conditions))
    if problem is not None:
        draft.refuse(context, metric.id, label_of(context, metric.label), problem, (*draft.inner, "metric"))
        return nothing_served(context, draft, title)
    title = title if "title" in draft.data else f"{title}: {label_of(context, metric.label)}"
    common = draft.common(context)
    return ForecastSection(
        **common, title=title, conditions=draft.conditions, metrics=(metric,), show=show, flow=metric
    )


def _changes(context: Context, draft: Draft) -> Changes | None:
    """What is asked to be otherwise; what is no change that there can be is told."""
    written = draft.body.get("what_if")
    if not written:
        return None
    if draft.body.get("by") or draft.body.get("show", "summary") != "summary":
        context.document.tell(
            "bad-value",
            "`what_if` changes the amount of a forecast, which this section does not show",
            (*draft.inner, "what_if"),
            "write it beside `show: summary`",
            key=True,
        )
    shares = {name: _share_of(share) for name, share in written.items()}
    for name, share in shares.items():
        if not LEAST_CHANGE <= share <= MOST_CHANGE:
            if isinstance(written[name], str) and abs(share) < 10.0:  # all else is told by the schema
                message = f"`{written[name]}` is more than can be reckoned with"
                help = f"a change is between {LEAST_CHANGE:.0%} and +{MOST_CHANGE:.0%}"
                context.document.tell("bad-value", message, (*draft.inner, "what_if", name), help)
            return None
    return Changes(**shares)


def _share_of(written: float | str) -> float:
    """A share, or a percentage such as `+10%`."""
    return float(written.rstrip("% ")) / 100 if isinstance(written, str) else float(written)


def _given(context: Context, entity: str, path: tuple[str, ...]) -> bool:
    """Whether the source has a field that rows are listed by."""
    try:
        context.binding.need_some_of(entity, path)
    except Unresolved:
        return False
    return True


def queries(report: Report, spec: ForecastSection) -> tuple[Query, ...]:
    """The windows, by the first of the sections of one forecast; and what a section has of its own."""
    conditions = conditions_of(report, spec)
    if spec.flow is not None:
        known = report.begun and report.unfinished
        return flow_queries(report, spec.id, spec.flow, conditions) if known else ()
    needed: list[Query] = []
    if spec.show == "accuracy":
        for share in POINTS:
            needed += windows_queries(report, spec.id, conditions, past_frame(report, share))
    if why := no_matter_of_forecasts(report):
        listing = spec.show == "deals" and why == "far_ahead"  # without chances
        return (*needed, _largest(report, spec, spec.listed, MOST_LISTED)) if listing else tuple(needed)
    if leader_of(report, spec) is spec:
        by_stage = report.binding.has_history(forecast_entity(report)) and any(
            other.show == "stages" and leader_of(report, other) is spec for other in of_windows(report)
        )
        needed += windows_queries(report, spec.id, conditions, by_stage=by_stage)
    if spec.dimensions:
        present = frame_of(report).of_periods[-1]
        needed.append(open_query(report, spec.id, conditions, spec.dimensions, (present,), "open by"))
        needed.append(won_query(report, spec.id, conditions, spec.dimensions, "won by"))
        needed.append(later_query(report, spec.id, conditions, spec.dimensions, "later by"))
        if (gone := _gone(report, spec)) is not None:
            needed.append(gone)
    elif spec.show == "summary":
        stock = measures(report, report.binding.catalogue.metrics[forecasting_of(report).stock])
        won = measures(report, spec.metrics[0])
        needed.append(AggregateQuery(spec.id, "stock", (), (*stock, *won), report.sides[:1], conditions))
        if spec.names:
            needed.append(_largest(report, spec, (spec.names,), 2 * MOST_NAMED))
    elif spec.show == "deals":
        needed.append(_largest(report, spec, spec.listed, MOST_LISTED))
    elif spec.show == "calibration" and (stated := stated_query(report, spec.id, conditions, "stated")) is not None:
        needed.append(stated)
    return tuple(needed)


def _gone(report: Report, spec: ForecastSection) -> RecordsQuery | None:
    """Members who are there no more, by their names, where the catalogue says who is (people who have left); None where
    nobody can be told from others, or the report is for one of them alone."""
    binding, dimension = report.binding, spec.dimensions[0]
    owner = binding.entity(dimension.field.entity)
    if len(spec.dimensions) > 1 or report.each is not None or owner.idle_rows is None or dimension.field.name != "name":
        return None
    there = exp.Paren(this=owner.idle_rows)
    try:
        binding.need_some(owner.name, exp.Not(this=there))
    except Unresolved:
        return None
    fields = (("name", (owner.name, "name")),)
    return RecordsQuery(spec.id, owner.name, fields, report.sides[0], (exp.Not(this=there),), (), MOST_GONE)


def _largest(report: Report, spec: ForecastSection, paths: Sequence[tuple[str, ...]], limit: int) -> RecordsQuery:
    """The largest open rows, by some fields, their amount, and the cell that each is in."""
    amount = tuple(str(forecasting_of(report).amount.sql()).split("."))
    cells = tuple((dimension.name, dimension.path) for dimension in cell_dimensions(report))
    fields = (*((".".join(path), path) for path in paths), (".".join(amount), amount), *cells)
    conditions = (*conditions_of(report, spec), forecasting_of(report).open)
    called = tuple(one for one in spec.told if one.called)
    return RecordsQuery(
        spec.id,
        forecast_entity(report).name,
        fields,
        report.sides[0],
        conditions,
        ((amount, True),),
        limit,
        names=called,
    )


def figures(report: Report, spec: ForecastSection, answers: Answers, footnotes: Footnotes) -> Section:
    """The side of the forecast that is shown; of a period that is over, that there is none."""
    section = _side(report, spec, answers, footnotes)
    return replace(section, notes=(*section.notes, *behind_note(report, spec)))


def _side(report: Report, spec: ForecastSection, answers: Answers, footnotes: Footnotes) -> Section:
    if spec.flow is not None:
        return _flow_figures(report, spec, spec.flow, answers, footnotes)
    if spec.show == "accuracy":
        return accuracy_side(report, spec, answers)
    if why := no_matter_of_forecasts(report):
        if spec.show == "deals" and why == "far_ahead":
            return deals_side(report, spec, None, answers)
        return section_of(spec, notes=(forecast_word(report, why),), shape="sentences")
    basis = made_of(report, spec, answers)
    if spec.dimensions:
        return members_side(report, spec, basis, answers)
    if spec.show == "tests":
        return tests_side(report, spec, basis)
    if spec.show == "deals":
        return deals_side(report, spec, basis, answers)
    if spec.show == "stages":
        return stages_side(report, spec, basis, answers)
    if spec.show == "calibration":
        return calibration_side(report, spec, basis, answers)
    return summary_side(report, spec, basis, answers, footnotes)


def _flow_figures(
    report: Report, spec: ForecastSection, metric: Metric, answers: Answers, footnotes: Footnotes
) -> Section:
    """The side of a forecast by simple rules that is shown."""
    if not report.unfinished:
        return section_of(spec, notes=(forecast_word(report, "over"),), shape="sentences")
    if not report.begun:
        return section_of(spec, notes=(forecast_word(report, "not_begun"),), shape="sentences")
    if spec.show == "tests":
        return flow_tests(report, spec, metric, answers, footnotes, called_stretch)
    return flow_summary(report, spec, metric, answers, footnotes, unit_of(report))


def columns(context: Context, spec: ForecastSection) -> tuple[str, ...]:
    """What its columns are called."""
    if spec.flow is not None:
        return flow_columns(spec.show)
    if spec.dimensions:
        parts = ("forecast", "won", "open", "created", "open_count", "open_amount")
        return (*(dimension.name for dimension in spec.dimensions), *parts)
    if spec.show == "deals":
        own = ("win_chance", "base_rate", "stage_factor", "days_factor", "deals_like", "won_like", "expected", "amount")
        return (*(".".join(path) for path in spec.listed), *own)
    if spec.show == "stages":
        return ("stage_name", "deals_tested", "happened", "by_rates", "typed")
    if spec.show == "calibration":
        return ("said_between", *(name for name, _ in CALIBRATION))
    if spec.show == "accuracy":
        times = (f"times_{rule}" for rule in RULES)
        return ("elapsed", "tested", "mean_error", *times, "bias", "held", "width", "shown")
    if spec.show == "tests":
        return ("period", "forecast", "low", "high", "result", "error", "held")
    return (
        "forecast",
        "low",
        "high",
        "won",
        "target",
        "chance",
        "mean_error",
        "bias",
        "rule_error",
        "compared_error",
        "compared",
        "tested",
        "held",
    )


FORECAST = Kind(ForecastSection, check, queries, figures, columns)
