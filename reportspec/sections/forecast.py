"""A forecast of what the period brings: the amount with its range, the tests that it was put to, and by whom it comes.

A report may show several sides of one forecast. The first section of each set of conditions asks for its windows; the
others read them there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

from sqlglot import exp

from reportspec.calendar import Period, add_months, day_label, period_label
from reportspec.calendar.periods import named
from reportspec.forecasting.calibration import Judged, by_rates, off_by
from reportspec.forecasting.calibration import whole as whole_of
from reportspec.forecasting.past_windows import CellKey, Deals, Open
from reportspec.forecasting.rest import Changes, changed
from reportspec.forecasting.simple import RULES
from reportspec.forecasting.tested_forecast import FEWEST_PERIODS, Forecast, Rival, forecast
from reportspec.forecasting.win_rates import rates_of
from reportspec.forecasting.winning import Chances, chances, in_steps
from reportspec.languages import elided
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import divided
from reportspec.measures.asked import measures
from reportspec.measures.attainment import goal_for
from reportspec.measures.dimensions import by_nature, dimension_column, field_column, labelled_value, shown_value
from reportspec.measures.flow_windows import adds_up_over_time, flow_queries
from reportspec.measures.forecast_windows import (
    RUSH,
    Facts,
    cell_dimensions,
    cell_key,
    deals_in,
    facts_of,
    forecast_entity,
    forecasting_of,
    frame_of,
    later_query,
    later_rows,
    no_matter_of_forecasts,
    open_in,
    open_query,
    past_frame,
    rows_of,
    stages_in,
    stated_in,
    stated_query,
    windows_queries,
    won_query,
)
from reportspec.measures.metric_columns import Footnotes, metric_column
from reportspec.model.column_ids import Member, Row
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Chart, Column, Highlight, Kpi, Section
from reportspec.model.query import AggregateQuery, Dimension, Query, RecordsQuery
from reportspec.model.spec import GroupedSection, Regroup, Report, SectionSpec
from reportspec.resolve.binding import Unresolved
from reportspec.resolve.called import called as called_here
from reportspec.sections.asked_dimensions import dimensions_of
from reportspec.sections.asked_metrics import Rules, find_metric, unusable
from reportspec.sections.asking import conditions_of
from reportspec.sections.context import Context, Draft, label_of, title_of
from reportspec.sections.flow_forecast import flow_columns, flow_summary, flow_tests
from reportspec.sections.forecast_words import (
    count_column,
    forecast_word,
    money_column,
    rounded,
    said,
    share_column,
)
from reportspec.sections.records import names_listed
from reportspec.sections.section_kind import Kind, or_none_there, section_of
from reportspec.sections.text import nothing_served
from reportspec.sql.record_rows import AVAILABLE

Shown = Literal["summary", "tests", "accuracy", "deals", "stages", "calibration"]
POINTS = (0.0, 0.25, 0.5, 0.75)  # of a period, at which forecasts of past ones are made to judge them
LARGE = 0.05  # of the forecast, from which on what one deal is expected to bring of it is told
MOST_NAMED = 3
MOST_GONE = 10_000
LEAST_CHANGE, MOST_CHANGE = -0.9, 9.0  # of what is asked to be otherwise, as in the schema
MOST_LISTED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSection(GroupedSection):
    """One side of a forecast: its amount (`summary`), its `tests`, their `accuracy` at several points of the period,
    the chances of open `deals`, those of `stages` against what happened, the same by what was said (`calibration`), or
    its parts by dimensions. Rows are listed by the paths of `listed`."""

    kind: ClassVar[str] = "forecast"
    show: Shown = "summary"
    names: tuple[str, ...] = ()  # the path of the field by which a row of the entity is called, if the source has it
    listed: tuple[tuple[str, ...], ...] = ()
    told: tuple[Dimension, ...] = ()  # the names of other records among those, each as what rows could be grouped by
    what_if: Changes | None = None
    flow: Metric | None = None  # what is forecast by simple rules, where it is not what the entity's rows bring

    @property
    def targeted(self) -> tuple[Metric, ...]:
        """The metric that is forecast, whose goal is held against it."""
        return self.metrics if self.show == "summary" and not self.dimensions else ()

    @property
    def lands(self) -> bool:
        """That it says what a period will come to."""
        return True

    @property
    def listed_names(self) -> tuple[Dimension, ...]:
        """What the people and stages that stand in the list are called."""
        return self.told

    def regrouped(self, change: Regroup) -> Self:
        """The same with members of one name told apart; in lists only where they can be called one by one."""
        changed = tuple(change(one, self.told) for one in self.told)
        told = tuple(new if new.called else one for one, new in zip(self.told, changed, strict=True))
        dimensions = tuple(change(one, self.dimensions) for one in self.dimensions)
        return replace(self, dimensions=dimensions, told=told)


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
    if _leader(report, spec) is spec:
        by_stage = report.binding.has_history(forecast_entity(report)) and any(
            other.show == "stages" and _leader(report, other) is spec for other in _of_windows(report)
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
        needed.append(AggregateQuery(spec.id, "stock", (), stock, report.sides[:1], conditions))
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


def _of_windows(report: Report) -> Iterator[ForecastSection]:
    """The sections that show a forecast which is made of windows."""
    for section in report.sections:
        if isinstance(section, ForecastSection) and section.flow is None:
            yield section


def _leader(report: Report, spec: ForecastSection) -> ForecastSection:
    """The first section of a forecast, which asks for its windows."""
    alike = (section for section in _of_windows(report) if section.conditions == spec.conditions)
    return next(alike, spec)


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


# Figures


@dataclass(frozen=True, slots=True)
class _Made:
    """A forecast with the windows that it was made of."""

    facts: Facts
    forecast: Forecast | None
    chances: Chances

    @property
    def shown(self) -> bool:
        return self.forecast is not None and self.forecast.refusal is None


def _made(report: Report, spec: ForecastSection, answers: Answers) -> _Made:
    """The forecast of a section, made once for all that show it."""
    leader = _leader(report, spec).id
    key = (ForecastSection, leader)
    if key not in answers.remembered:
        facts = facts_of(report, leader, answers)
        answers.remembered[key] = _Made(facts, forecast(facts.windows), chances(facts.windows))
    known: _Made = answers.remembered[key]
    return known


def figures(report: Report, spec: ForecastSection, answers: Answers, footnotes: Footnotes) -> Section:
    """The side of the forecast that is shown; of a period that is over, that there is none."""
    if spec.flow is not None:
        return _flow_figures(report, spec, spec.flow, answers, footnotes)
    if spec.show == "accuracy":
        return _accuracy(report, spec, answers)
    if why := no_matter_of_forecasts(report):
        if spec.show == "deals" and why == "far_ahead":
            return _deals(report, spec, None, answers)
        return section_of(spec, notes=(forecast_word(report, why),), shape="sentences")
    basis = _made(report, spec, answers)
    if spec.dimensions:
        return _by(report, spec, basis, answers)
    if spec.show == "tests":
        return _tests(report, spec, basis)
    if spec.show == "deals":
        return _deals(report, spec, basis, answers)
    if spec.show == "stages":
        return _by_stage(report, spec, basis, answers)
    if spec.show == "calibration":
        return _calibration(report, spec, basis, answers)
    return _summary(report, spec, basis, answers, footnotes)


def _flow_figures(
    report: Report, spec: ForecastSection, metric: Metric, answers: Answers, footnotes: Footnotes
) -> Section:
    """The side of a forecast by simple rules that is shown."""
    if not report.unfinished:
        return section_of(spec, notes=(forecast_word(report, "over"),), shape="sentences")
    if not report.begun:
        return section_of(spec, notes=(forecast_word(report, "not_begun"),), shape="sentences")
    if spec.show == "tests":
        return flow_tests(report, spec, metric, answers, footnotes, _called)
    return flow_summary(report, spec, metric, answers, footnotes, _unit_of(report))


def _summary(report: Report, spec: ForecastSection, basis: _Made, answers: Answers, footnotes: Footnotes) -> Section:
    stock = report.binding.catalogue.metrics[forecasting_of(report).stock]
    row = next(iter(answers.rows(spec.id, "stock")), {})
    marks = metric_column(report, stock, footnotes, row).footnotes
    outcome, notes = basis.forecast, _notes(report, spec, basis)
    if outcome is None or outcome.refusal is not None:
        return section_of(
            spec, highlights=tuple(_refused(report, basis)), notes=notes, footnotes=marks, shape="sentences"
        )
    goal = goal_for(report, spec, spec.metrics[0])
    target = goal.target if goal is not None else None
    chance = outcome.chance_of(target) if target is not None else None
    cells: list[tuple[Column, Cell]] = [
        (money_column(report, "forecast", marks), outcome.point),
        (money_column(report, "low"), outcome.low),
        (money_column(report, "high"), outcome.high),
        (money_column(report, "won"), outcome.won),
    ]
    if outcome.rest.way == "from_pipeline":
        cells += [
            (money_column(report, "open"), outcome.rest.open),
            (money_column(report, "created"), outcome.rest.created),
        ]
    else:
        cells += [(money_column(report, "usual_rest"), outcome.rest.mean)]
    tiles = tuple(Kpi(column, rounded(value, outcome.point)) for column, value in cells)
    best = outcome.rivals[0]
    cells += [
        (money_column(report, "target"), target),
        (share_column(report, "chance"), chance),
        (share_column(report, "mean_error"), outcome.off),
        (share_column(report, "bias"), outcome.bias),
        (share_column(report, "rule_error"), best.relative),
        (share_column(report, "compared_error"), best.ours_relative),
        (count_column(report, "compared"), best.tests),
        (count_column(report, "tested"), len(outcome.tests)),
        (count_column(report, "held"), outcome.held),
    ]
    sentences = _sentences(report, basis, target, chance, _named(report, spec, basis, answers))
    if spec.what_if is not None:
        sentences.append(_otherwise(report, spec.what_if, basis))
    return section_of(
        spec,
        columns=tuple(column for column, _ in cells),
        rows=(tuple(value for _, value in cells),),
        available_rows=1,
        kpis=tiles,
        highlights=tuple(sentences),
        notes=notes,
        footnotes=marks,
        shape="tiles",
    )


def _sentences(
    report: Report, basis: _Made, target: float | None, chance: float | None, large: Sequence[tuple[str, float]]
) -> list[Highlight]:
    """What is said of a forecast that is shown."""
    outcome, facts = basis.forecast, basis.facts
    assert outcome is not None
    money, share, count = (
        money_column(report, "forecast"),
        share_column(report, "mean_error"),
        count_column(report, "tested"),
    )
    present = facts.windows.all[-1]
    is_so = said(
        report,
        "forecast_is",
        point=(rounded(outcome.point), money),
        low=(rounded(outcome.low, outcome.point), money),
        high=(rounded(outcome.high, outcome.point), money),
    )
    sentences = [replace(is_so, in_tiles=True)]
    if target is not None and chance is not None:
        met = outcome.won >= target
        kind = "met" if met else "rare" if chance < 0.05 else "sure" if chance > 0.95 else "about"
        tens = min(max(round(10 * chance), 1), 9)
        sentences.append(said(report, f"forecast_goal_{kind}", goal=(target, money), tens=(tens, count)))
    if outcome.rest.way == "from_pipeline":
        deals = sum(cell.deals.count for cell in present.open.values())
        made_of = said(
            report,
            "forecast_parts",
            won=(rounded(outcome.won, outcome.point), money),
            open=(rounded(outcome.rest.open, outcome.point), money),
            deals=(int(deals), count),
            created=(rounded(outcome.rest.created, outcome.point), money),
        )
        sentences.append(replace(made_of, in_tiles=True))
        more = outcome.pipeline.inflow - 1.0
        if abs(more) >= 0.1:
            kind = "more" if more > 0 else "less"
            sentences.append(said(report, f"forecast_inflow_{kind}", share=(abs(more), share)))
    else:
        usual = (rounded(outcome.rest.mean, outcome.point), money)
        made_of = said(report, "forecast_usual_rest", won=(rounded(outcome.won, outcome.point), money), rest=usual)
        sentences.append(replace(made_of, in_tiles=True))
    tests, best = len(outcome.tests), outcome.rivals[0]
    if outcome.off is not None:
        sentences.append(said(report, "forecast_off", count=(tests, count), off=(outcome.off, share)))
    if best.ours_relative is not None and best.relative is not None:
        rule, rule_off = _rule(report, basis, best), (best.relative, share)
        if best.tests == tests:
            sentences.append(said(report, "forecast_rule_off", rule=rule, rule_off=rule_off))
        else:
            some = {"count": (best.tests, count), "off": (best.ours_relative, share)}
            sentences.append(said(report, "forecast_rule_off_some", rule=rule, rule_off=rule_off, **some))
    if outcome.bias is not None and abs(outcome.bias) >= 0.01:
        kind = "high" if outcome.bias > 0 else "low"
        sentences.append(said(report, f"forecast_bias_{kind}", share=(abs(outcome.bias), share)))
    sentences.append(said(report, "forecast_held", held=(outcome.held, count), count=(tests, count)))
    if outcome.one_sided:
        sentences.append(said(report, "forecast_all_high" if outcome.one_sided > 0 else "forecast_all_low"))
    sentences += [said(report, "forecast_without", deal=name, point=(rounded(amount), money)) for name, amount in large]
    return sentences


def _otherwise(report: Report, changes: Changes, basis: _Made) -> Highlight:
    """What the forecast would be if something were otherwise: arithmetic, and said to be."""
    outcome = basis.forecast
    assert outcome is not None
    if outcome.rest.way != "from_pipeline":
        return said(report, "forecast_no_what_if")
    parts = (("close_rate", changes.close_rate), ("inflow", changes.inflow), ("amount", changes.amount))
    texts = [f"{forecast_word(report, 'what_if', name)} {_signed(report, share)}" for name, share in parts if share]
    point = outcome.won + changed(outcome.pipeline, basis.facts.windows.all[-1], changes)
    money = money_column(report, "forecast")
    return said(report, "forecast_what_if", changes=", ".join(texts), point=(rounded(point), money))


def _signed(report: Report, share: float) -> str:
    sign = "+" if share > 0 else "−"
    return f"{sign}{report.number(abs(share) * 100, '.15g')} %"


def _refused(report: Report, basis: _Made) -> list[Highlight]:
    """Why there is no forecast, and what the best simple rule says."""
    outcome, windows = basis.forecast, basis.facts.windows
    money, share, count = (
        money_column(report, "forecast"),
        share_column(report, "mean_error"),
        count_column(report, "tested"),
    )
    unit = _unit(report, basis.facts)
    if outcome is None or outcome.refusal is None or outcome.refusal.why == "periods":
        there = len(windows.before(windows.last))
        needed = FEWEST_PERIODS + (4 if basis.facts.within else 0)
        there = there + 2 if basis.facts.within and there else there
        rush = basis.facts.rush
        why = [said(report, "forecast_rush", share=(rush, share))] if rush is not None and rush > RUSH else []
        return [
            said(
                report,
                "forecast_no_periods",
                of=(needed, count),
                periods=forecast_word(report, "periods", unit, "many"),
                count=(there, count),
                since=_from(report, basis, needed - there),
            ),
            *why,
        ]
    refusal = outcome.refusal
    best = outcome.rivals[0] if outcome.rivals else None
    if refusal.why == "rival" and best is not None:
        amount = (rounded(best.amount), money)
        return [said(report, "forecast_no_rival", rule=_rule(report, basis, best), amount=amount)]
    values_by_reason: Mapping[str, dict[str, tuple[Cell, Column] | str]] = {
        "rival": {},
        "wins": {
            "count": (int(refusal.count), count),
            "of": (int(refusal.of), count),
            "periods": forecast_word(report, "periods", unit, "many" if refusal.of != 1 else "one"),
        },
        "ranges": {"count": (int(refusal.count), count), "of": (int(refusal.of), count)},
        "inflow": {"share": (refusal.count, share)},
        "rhythm": {"share": (refusal.count, share)},
    }
    kind = "forecast_no_rule" if refusal.why == "rival" else f"forecast_no_{refusal.why}"
    sentences = [said(report, kind, **values_by_reason[refusal.why])]
    if best is not None:
        amount = (rounded(best.amount), money)
        sentences.append(said(report, "forecast_best_rule", rule=_rule(report, basis, best), amount=amount))
    return sentences


def _unit(report: Report, facts: Facts) -> str:
    """What the completed stretches are that a forecast needs: months, where quarters begin with every month."""
    if facts.within:
        return "month"
    return _unit_of(report)


def _unit_of(report: Report) -> str:
    kind = report.period.kind.removeprefix("fiscal_")
    return kind if kind in ("year", "quarter", "month", "week") else "period"


def _from(report: Report, basis: _Made, missing: int) -> str:
    """The day from which on there are enough completed periods."""
    start, end = report.period.start, report.period.end
    if basis.facts.within:
        return day_label(add_months(start, missing), report.language, report.locale)
    if start.day == end.day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month
        return day_label(add_months(start, missing * months), report.language, report.locale)
    return day_label(start + missing * (end - start), report.language, report.locale)


def _notes(report: Report, spec: ForecastSection, basis: _Made) -> tuple[str, ...]:
    """What is to be known of the way that a forecast was come by."""
    binding, entity = report.binding, forecast_entity(report)
    notes = []
    if basis.facts.within:
        notes.append(forecast_word(report, "within"))
    if not binding.has_history(entity):
        notes.append(forecast_word(report, "no_history"))
    elif not _amounts_of_then(report):
        notes.append(forecast_word(report, "amounts_of_today"))
    return (*notes, *_rates_note(report, spec, "one_rate"))


def _rates_note(report: Report, spec: ForecastSection, words: str = "at_rates") -> tuple[str, ...]:
    """That all amounts are at one day's rates, as those of other sections are not; said by the first section of all
    that show amounts of forecasts."""
    binding = report.binding
    if binding.currency is None or not binding.has_entity(binding.catalogue.exchange_rates.entity):
        return ()
    shown = ("deals",) if no_matter_of_forecasts(report) else ("summary", "tests", "deals")
    amounts = (one for one in _of_windows(report) if one.dimensions or one.show in shown)
    if next(amounts, spec) is not spec:
        return ()
    last = report.reached.astimezone(binding.zone) - timedelta(microseconds=1)
    return (forecast_word(report, words).format(day_label(last.date(), report.language, report.locale)),)


def _amounts_of_then(report: Report) -> bool:
    amount = str(forecasting_of(report).amount.sql()).rpartition(".")[2]
    return amount in report.binding.past_values(forecast_entity(report))


def _named(report: Report, spec: ForecastSection, basis: _Made, answers: Answers) -> list[tuple[str, float]]:
    """The deals on each of which much of the forecast hangs, and what it would be without it."""
    outcome, table = basis.forecast, answers.table(spec.id)
    if outcome is None or table is None or outcome.rest.way != "from_pipeline":
        return []
    large = []
    for row in table.rows:
        name, amount, *cell = row[: 2 + len(cell_dimensions(report))]
        key: CellKey = (cell[0], cell[1]) if len(cell) == 2 else (None, cell[0])
        brings = float(amount or 0) * outcome.pipeline.rates.of(key) * outcome.pipeline.kept
        if name and brings >= LARGE * outcome.point:
            large.append((str(name), outcome.point - brings))
    return large[:MOST_NAMED]


# The tests


def _tests(report: Report, spec: ForecastSection, basis: _Made) -> Section:
    """A row for each test, oldest first, and for the period itself."""
    outcome = basis.forecast
    columns = (
        Column("period", forecast_word(report, "period"), "text", role="dimension"),
        money_column(report, "forecast"),
        money_column(report, "low"),
        money_column(report, "high"),
        money_column(report, "result"),
        replace(share_column(report, "error"), role="change"),
        Column("held", forecast_word(report, "in_range"), "boolean", role="field"),
    )
    rows: list[tuple[Cell, ...]] = []
    for test in outcome.tests if outcome is not None else ():
        share = test.error / test.result if test.result else None
        name = _called(report, basis.facts.stretches[test.place])
        rows.append((name, test.point, test.low, test.high, test.result, share, test.held))
    if outcome is not None and basis.shown:
        name = period_label(report.period, report.language, report.locale)
        rows.append((name, outcome.point, outcome.low, outcome.high, None, None, None))
    if not rows:
        return section_of(spec, notes=(forecast_word(report, "no_tests"),), shape="sentences")
    notes = (*(() if basis.shown else (forecast_word(report, "tests_only"),)), *_rates_note(report, spec))
    chart = Chart("ranges", "period", ("forecast", "low", "high", "result"))
    return section_of(
        spec, columns=columns, rows=tuple(rows), available_rows=len(rows), chart=chart, notes=notes, whole=True
    )


def _accuracy(report: Report, spec: ForecastSection, answers: Answers) -> Section:
    """A row for each point of the period, and for the present one: how far off past forecasts were that were made at
    it, beside the simple rules in the same tests, and whether they bear out that one is shown."""
    made: list[tuple[float, Facts, Forecast]] = []
    if not no_matter_of_forecasts(report):
        basis, elapsed = _made(report, spec, answers), frame_of(report).elapsed
        if basis.forecast is not None and elapsed > 0:
            made.append((elapsed, basis.facts, basis.forecast))
    for share in POINTS:
        facts = facts_of(report, spec.id, answers, past_frame(report, share))
        outcome = forecast(facts.windows)
        if outcome is not None:
            made.append((share, facts, outcome))
    made = sorted((one for one in made if one[2].tests), key=lambda one: one[0])
    if not made:
        return section_of(spec, notes=(forecast_word(report, "no_tests"),), shape="sentences")
    rules = [rule for rule in RULES if any(rival.rule == rule for _, _, one in made for rival in one.rivals)]
    unit = "quarter" if made[0][1].within else _unit(report, made[0][1])
    columns = (
        replace(share_column(report, "elapsed"), role="dimension"),
        count_column(report, "tested"),
        share_column(report, "mean_error"),
        *(Column(f"times_{rule}", _rule_error(report, rule, unit), "number", "multiple", "metric") for rule in rules),
        share_column(report, "bias"),
        count_column(report, "held"),
        share_column(report, "width"),
        Column("shown", forecast_word(report, "columns", "shown"), "boolean", role="field"),
    )
    rows = []
    for share, _, outcome in made:
        times = {rival.rule: rival.ratio if math.isfinite(rival.ratio) else None for rival in outcome.rivals}
        near = outcome.refusal is None or outcome.refusal.why == "inflow"  # which is of one period, not of the tests
        own = (share, len(outcome.tests), outcome.off, *(times.get(rule) for rule in rules))
        rows.append((*own, outcome.bias, outcome.held, outcome.width, near))
    notes = [forecast_word(report, "accuracy_is")]
    if made[0][1].within:
        notes.append(forecast_word(report, "within"))
    return section_of(spec, columns=columns, rows=tuple(rows), available_rows=len(rows), notes=tuple(notes), whole=True)


def _rule_error(report: Report, rule: str, unit: str) -> str:
    return forecast_word(report, "columns", "rule_of").format(forecast_word(report, "rules", rule, unit))


def _called(report: Report, stretch: tuple[date, date]) -> str:
    kind = report.period.kind
    period = named(*stretch, kind, report.project.fiscal)
    if kind in ("quarter", "fiscal_quarter") and (stretch[0].month - report.period.start.month) % 3:
        period = Period(*stretch, "range", "")
    return period_label(period, report.language, report.locale)


# The chances of deals


def _deals(report: Report, spec: ForecastSection, basis: _Made | None, answers: Answers) -> Section:
    """The largest open deals; of a forecast that is made, with the chance of each to be won before the period is over
    and what it brings of the forecast, so far as the past bears chances out. What a chance is made of (its three
    factors) stands in the data alone."""
    table = answers.table(spec.id)
    if table is None:
        return section_of(spec, highlights=(said(report, "forecast_no_chances"),), shape="sentences")
    binding, entity = report.binding, forecast_entity(report).name
    odds = basis.chances if basis is not None and basis.chances.shown else None
    kept = basis.forecast.pipeline.kept if basis is not None and basis.forecast is not None else 1.0
    fields = [binding.resolve(entity, path).field for path in spec.listed]
    count, amount_column = len(spec.listed), money_column(report, "amount")
    listed = [
        field_column(report, ".".join(path), called_here(binding, entity, path, report.language), field)
        for path, field in zip(spec.listed, fields, strict=True)
    ]
    keys: list[CellKey] = []
    columns: list[tuple[Column, list[Cell]]] = [(column, []) for column in listed]
    amounts: list[float | None] = []
    for row in table.rows:
        cells = row[count + 1 : count + 1 + len(cell_dimensions(report))]
        keys.append((cells[0], cells[1]) if len(cells) == 2 else (None, cells[0]))
        for (_, values), field, value in zip(columns, fields, row, strict=False):
            values.append(labelled_value(report, field, value))
        amounts.append(None if row[count] is None else float(row[count]))
    notes: tuple[str, ...] = ()
    if basis is None:
        notes = (forecast_word(report, "far_ahead"),)
    elif odds is not None:
        expected: list[Cell] = [
            None if amount is None else amount * kept * odds.of(key) for key, amount in zip(keys, amounts, strict=True)
        ]
        columns = [*_with_reasons(report, columns, keys, odds), (money_column(report, "expected"), expected)]
        notes = (_chances_note(report, odds, kept),)
    columns.append((amount_column, list(amounts)))
    section = section_of(
        spec,
        columns=tuple(column for column, _ in columns),
        rows=tuple(zip(*(values for _, values in columns), strict=True)),
        available_rows=int(table.rows[0][table.columns.index(AVAILABLE)]) if table.rows else 0,
        highlights=(said(report, "forecast_no_chances"),) if basis is not None and odds is None else (),
        notes=(*notes, *_rates_note(report, spec)),
    )
    return or_none_there(report, section)


def _with_reasons(
    report: Report, listed: Sequence[tuple[Column, list[Cell]]], keys: Sequence[CellKey], odds: Chances
) -> list[tuple[Column, list[Cell]]]:
    """The columns of a list with the chance of each row and what it is made of. Its factors stand beside the stage and
    the days that they are of; by themselves, and with how many rows were like it and were won, in the data."""
    forecasting = forecasting_of(report)
    by_stage = len(cell_dimensions(report)) > 1
    factors = [odds.factors(key) for key in keys]
    of_stages = [stage for _, stage, _ in factors]
    of_days = [days if by_stage else stage * days for _, stage, days in factors]
    made: list[tuple[Column, list[Cell]]] = []
    for column, values in listed:
        if column.name == forecasting.says_days:
            texts = [_by_factor(report, _day_count(report, days), by) for days, by in zip(values, of_days, strict=True)]
            label = column.label
        elif column.name == forecasting.says_stage and by_stage:
            unknown = forecast_word(report, "stage_unknown")
            names = [unknown if stage is None else name for name, (stage, _) in zip(values, keys, strict=True)]
            texts = [_by_factor(report, name, by) for name, by in zip(names, of_stages, strict=True)]
            label = column.label
        else:
            made.append((column, values))
            continue
        made += [
            (replace(column, in_data=True), values),
            (Column(f"{column.name}__factor", label, "text"), list(texts)),
        ]
    like = [odds.rates.counts.get(key, Open()) for key in keys]
    in_data: list[tuple[Column, list[Cell]]] = [
        (share_column(report, "base_rate"), [base for base, _, _ in factors]),
        (replace(share_column(report, "stage_factor"), unit="multiple"), [stage for _, stage, _ in factors]),
        (replace(share_column(report, "days_factor"), unit="multiple"), [days for _, _, days in factors]),
        (count_column(report, "deals_like"), [int(cell.deals.count) for cell in like]),
        (count_column(report, "won_like"), [int(cell.won.count) for cell in like]),
    ]
    chance = replace(share_column(report, "win_chance"), decimals=0)
    return [
        *made,
        (chance, [in_steps(odds.of(key)) for key in keys]),
        *((replace(column, in_data=True), values) for column, values in in_data),
    ]


def _by_factor(report: Report, name: Cell, factor: float) -> str:
    """What a row is said to be, with what that makes of its chance: `Discovery × 0.47`."""
    times = f"× {report.number(factor, '.1f' if factor >= 1 else '.2f')}"
    return f"{name} {times}" if name is not None else times


def _day_count(report: Report, days: Cell) -> Cell:
    return report.number(float(days), ",.0f") if isinstance(days, (int, float, Decimal)) else days


def _chances_note(report: Report, odds: Chances, kept: float) -> str:
    """What a chance is, what it is made of, and why amounts are not quite the products of what stands beside them."""
    base = report.number(100 * odds.rates.base, ".0f")
    made_of = elided(report.language, forecast_word(report, "chances_made").format(base))
    rounded_to = forecast_word(report, "chances_rounded").format(report.number(kept, ".2f"))
    return " ".join((forecast_word(report, "chances_are"), made_of, rounded_to))


def _states_of(report: Report) -> str:
    """The entity of the states that rows of the forecast go through."""
    history = forecast_entity(report).history
    return history.states.entity if history is not None else ""


def _by_stage(report: Report, spec: ForecastSection, basis: _Made, answers: Answers) -> Section:
    """A row for each stage: the deals that were in it at the origins of the tests, the share that was won before the
    periods were over, what the rates of then had said, and what people had typed."""
    windows = basis.facts.windows
    if not report.binding.has_history(forecast_entity(report)):
        return section_of(spec, notes=(forecast_word(report, "no_history"),), shape="sentences")
    stages = stages_in(report, _leader(report, spec).id, answers)
    sums: dict[str | None, list[float]] = {}
    for place in windows.tested(windows.last):
        rates = rates_of(windows.learned(place))
        for key, cell in windows.all[place].open.items():
            known = sums.setdefault(key[0], [0.0] * 5)
            for at, count in enumerate((cell.deals.count, cell.won.count, cell.deals.count * rates.of(key))):
                known[at] += count
        for stage, entry in stages.items():
            for at, typed in enumerate(entry.typed.get(basis.facts.stretches[place], ()), 3):
                sums.setdefault(stage, [0.0] * 5)[at] += typed
    columns = (
        Column("stage_name", forecast_word(report, "stage_name"), "text", role="dimension"),
        count_column(report, "deals_tested"),
        share_column(report, "happened"),
        share_column(report, "by_rates"),
        share_column(report, "typed"),
    )
    order = sorted(sums, key=lambda key: (key is None, stages[key].place, str(stages[key].name)))
    called = dict(pair for one in spec.told if one.field.entity == _states_of(report) for pair in one.called)
    rows = tuple((called.get(str(key), stages[key].name), *_judged(sums[key])) for key in order)
    whole = [math.fsum(sums[key][at] for key in sums) for at in range(5)] if sums else [0.0] * 5
    said_of_all = () if basis.chances.shown else (said(report, "forecast_no_chances"),)
    return section_of(
        spec,
        columns=columns,
        rows=rows,
        total=(None, *_judged(whole)),
        available_rows=len(rows),
        highlights=said_of_all,
        notes=(forecast_word(report, "judged_are"),),
    )


def _calibration(report: Report, spec: ForecastSection, basis: _Made, answers: Answers) -> Section:
    """A row for each tenth of what was said: by past rates, and by people; and what happened then."""
    windows = basis.facts.windows
    wanted = [basis.facts.stretches[place] for place in windows.tested(windows.last)]
    ours, theirs = by_rates(windows), stated_in(report, spec.id, answers, "stated", wanted)
    columns = (
        Column("said_between", forecast_word(report, "columns", "said_between"), "text", role="dimension"),
        *(of(report, name) for name, of in _CALIBRATION),
    )
    nothing = Judged()
    rows = tuple(
        (f"{10 * tenth}–{10 * tenth + 10} %", *_said_and_won(ours.get(tenth, nothing), theirs.get(tenth, nothing)))
        for tenth in sorted({*ours, *theirs})
    )
    if not rows:
        return section_of(spec, notes=(forecast_word(report, "no_tests"),), shape="sentences")
    sentences = [] if basis.chances.shown else [said(report, "forecast_no_chances")]
    off, typed_off, share = off_by(ours), off_by(theirs), share_column(report, "happened")
    if off is not None and typed_off is not None:
        sentences.append(said(report, "forecast_calibration", ours=(off, share), typed=(typed_off, share)))
    return section_of(
        spec,
        columns=columns,
        rows=rows,
        total=(None, *_said_and_won(whole_of(ours.values()), whole_of(theirs.values()))),
        available_rows=len(rows),
        highlights=tuple(sentences),
        notes=(forecast_word(report, "judged_are"),),
        whole=True,
    )


def _said_and_won(ours: Judged, theirs: Judged) -> tuple[Cell, ...]:
    """Of both ways how many deals, the mean of what was said, and the share that was won in time."""
    cells: tuple[Cell, ...] = ()
    for judged in (ours, theirs):
        cells += (int(judged.count), divided(judged.said, judged.count), divided(judged.won, judged.count))
    return cells


def _judged(sums: Sequence[float]) -> tuple[int, Cell, Cell, Cell]:
    """How many deals, the share that was won, and what two ways had said of it."""
    count, won, expected, typed, typed_sum = sums
    return int(count), divided(won, count), divided(expected, count), divided(typed_sum, typed)


# By dimensions


def _by(report: Report, spec: ForecastSection, basis: _Made, answers: Answers) -> Section:
    """What each member brings of the forecast: the rows add up to it."""
    outcome = basis.forecast
    if outcome is None or not basis.shown:
        return section_of(spec, highlights=tuple(_refused(report, basis)), shape="sentences")
    parts = _parts(report, spec, outcome, answers)
    columns = (
        *(dimension_column(report, dimension) for dimension in spec.dimensions),
        money_column(report, "forecast"),
        money_column(report, "won"),
        money_column(report, "open"),
        money_column(report, "created"),
        count_column(report, "open_count"),
        money_column(report, "open_amount"),
    )
    ranked = sorted(
        parts.items(),
        key=lambda item: (
            -item[1][0],
            [by_nature(report, d, v) for d, v in zip(spec.dimensions, item[0], strict=True)],
        ),
    )
    rows = tuple(
        (*(shown_value(report, d, v) for d, v in zip(spec.dimensions, members, strict=True)), *cells)
        for members, cells in ranked
    )
    gone = {str(row[0]) for row in table.rows} if (table := answers.table(spec.id)) is not None else set()
    left = [str(row[0]) for row in rows if str(row[0]) in gone]
    notes = (forecast_word(report, "gone").format(", ".join(left)),) if left else ()
    total = tuple(math.fsum(cells[at] for _, cells in ranked) for at in range(6))
    names = (None,) * len(spec.dimensions)
    whole = (*names, *total[:4], int(total[4]), total[5])
    return section_of(
        spec,
        columns=columns,
        rows=rows,
        total=whole,
        available_rows=len(rows),
        bars=True,
        notes=(*notes, *_rates_note(report, spec)),
    )


Members = tuple[Any, ...]


def _parts(
    report: Report, spec: ForecastSection, outcome: Forecast, answers: Answers
) -> dict[Members, tuple[float, float, float, float, int, float]]:
    """Of each member the forecast, and what it is made of: won, open, yet to be created; how many deals are open, and
    their amount. What is yet to be created is dealt out as what was created later in past periods was; where there was
    none, as what is open. By the usual rest, the rest is dealt out as the pipeline would bring it."""
    count = len(spec.dimensions)
    opened: dict[Members, list[tuple[CellKey, Open]]] = {}
    for row in rows_of(answers, spec.id, "open by"):
        opened.setdefault(_members(row, count), []).append((cell_key(report, row, count), open_in(row)))
    won = {_members(row, count): deals_in(row, "result").amount for row in rows_of(answers, spec.id, "won by")}
    later: dict[Members, float] = {}
    for later_row in later_rows(report, spec.id, answers, "later by"):
        members = _members(later_row, count)
        later[members] = later.get(members, 0.0) + deals_in(later_row, "late").amount
    pipeline = outcome.pipeline
    brings = {
        members: pipeline.kept * math.fsum(cell.deals.amount * pipeline.rates.of(key) for key, cell in cells)
        for members, cells in opened.items()
    }
    shares = later if math.fsum(later.values()) > 0 else brings
    whole = math.fsum(shares.values())
    created = {members: pipeline.rest.created * share / whole if whole else 0.0 for members, share in shares.items()}
    factor = outcome.rest.mean / pipeline.rest.mean if pipeline.rest.mean else 0.0
    by_members = {}
    for members in dict.fromkeys((*opened, *won, *created)):
        parts = won.get(members, 0.0), factor * brings.get(members, 0.0), factor * created.get(members, 0.0)
        deals = sum((cell.deals for _, cell in opened.get(members, ())), Deals())
        if any(parts) or deals.count:
            by_members[members] = (math.fsum(parts), *parts, int(deals.count), deals.amount)
    return by_members


def _members(row: Row, count: int) -> Members:
    return tuple(row[Member(place)] for place in range(count))


# Words and columns


def _rule(report: Report, basis: _Made, rival: Rival) -> str:
    unit = "quarter" if basis.facts.within else _unit(report, basis.facts)
    return forecast_word(report, "rules", rival.rule, unit)


_CALIBRATION: tuple[tuple[str, Callable[[Report, str], Column]], ...] = (
    ("rated", count_column),
    ("rates_said", share_column),
    ("rates_happened", share_column),
    ("typed_count", count_column),
    ("typed_said", share_column),
    ("typed_happened", share_column),
)


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
        return ("said_between", *(name for name, _ in _CALIBRATION))
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
