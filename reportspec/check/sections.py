"""Sections: names become metrics, fields and charts; what the source cannot serve is said."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlglot import exp

from reportspec.calendar import GRAINS, Fiscal, Period
from reportspec.catalogue.library import FINEST_OPTION, LARGEST_OPTION, UnknownMetric
from reportspec.check.chart_spec import own_chart
from reportspec.check.conditions import Bounds, condition, field_named, user_condition
from reportspec.check.document import Document, Place
from reportspec.check.highlights import Asked, backtest, highlights
from reportspec.diagnostics import did_you_mean, folded_name, suggestion
from reportspec.expression.sandbox import column_nodes, parse, path_of
from reportspec.expression.trees import conjuncts
from reportspec.languages import as_part, vocabulary
from reportspec.model.domain import Field, Metric
from reportspec.model.query import Dimension
from reportspec.model.spec import GoalSpec, Listed, SectionSpec
from reportspec.plan import can_trend, record_fields
from reportspec.resolve.binding import Binding, Missing, Unresolved, metrics_needed, need_metric
from reportspec.resolve.called import called
from reportspec.resolve.currencies import money_currencies, needs_currency

KINDS = ("kpis", "trend", "breakdown", "records", "funnel", "backtest", "highlights", "text")
NO_CURRENCY = Unresolved(
    "no-currency",
    "amounts come in currencies, and the report names none",
    "add `currency: EUR` (the one to add up) to the project",
)
Omitted = tuple[str, str]  # what is not shown, and what it would need


@dataclass(slots=True)
class Context:
    """What sections are checked against."""

    document: Document
    data: Mapping[str, Any]
    binding: Binding
    language: str
    conditions: tuple[exp.Expr, ...]
    bounds: dict[str, Bounds]
    grain: str
    period: Period | None
    fiscal: Fiscal
    compared: bool
    lacking: dict[str, None] = field(default_factory=dict)  # entities of which standard sections show nothing

    def text(self, value: Any) -> str:
        """A title or note in the report's language."""
        if isinstance(value, dict):
            return str(value.get(self.language) or value.get("en", ""))
        return str(value) if value is not None else ""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A section as written, and where: `path` is None for one of a report type. What is `made` of
    `group_by` has an id that nobody wrote."""

    data: Mapping[str, Any]
    path: Place | None
    made: bool = False


def check_sections(
    context: Context, preset: Mapping[str, Any], type_id: str, goals: Mapping[str, GoalSpec]
) -> tuple[SectionSpec, ...]:
    """All sections of a report: the type's, with the user's in place of those of the same id. Goals
    by a dimension have a section each, after the headline."""
    found = []
    drafts = _drafts(context, preset)
    written = {str(d.data["id"]) for d in drafts if d.data.get("id") and not d.made}
    seen: set[str] = set()
    for index, draft in enumerate(drafts):
        section = _section(context, draft, index, seen, written)
        if section is not None:
            place = context.document.span(draft.path) if draft.path is not None else None
            found.append(replace(section, span=place))
    quotas = []
    for name, goal in goals.items():
        made = _quota(context, name, goal)
        if made is not None:
            identifier = _free(made.id, seen | written)
            seen.add(identifier)
            quotas.append(replace(made, id=identifier))
    at = 1 if found and found[0].id == "headline" else 0
    return (*found[:at], *quotas, *found[at:])


def _free(identifier: str, taken: Collection[str]) -> str:
    """An id that nobody wrote, with a number where somebody has taken it."""
    found, number = identifier, 1
    while found in taken:
        number += 1
        found = f"{identifier}_{number}"
    return found


def _quota(context: Context, name: str, goal: GoalSpec) -> SectionSpec | None:
    if goal.by is None:
        return None
    metric = context.binding.catalogue.metrics[name]
    problem = _unusable(context, metric, "breakdown", (goal.by,), context.conditions)
    if problem is not None:
        message = f"`{name}` cannot be shown by `{goal.by.name}`: {problem.message}"
        context.document.tell(problem.code, message, ("goals", name, "by"), problem.help)
        return None
    words = vocabulary(context.language)["titles"]
    title = words["goal"].format(_label(context, metric.label))
    identifier = f"goal_{metric.family}"
    return SectionSpec(
        identifier,
        "goals",
        title,
        metrics=(metric,),
        dimensions=(goal.by,),
        totals=False,
        goal=name,
    )


def section_metrics(section: Mapping[str, Any]) -> list[str]:
    """The metrics that a section, as it is written, shows in tiles, tables or charts."""
    for kind in ("kpis", "trend", "breakdown", "funnel"):
        body = section.get(kind)
        if isinstance(body, list):
            return body
        if isinstance(body, dict):
            return list(body.get("metrics") or body.get("steps") or ())
    return []


def _drafts(context: Context, preset: Mapping[str, Any]) -> list[_Draft]:
    data, language = context.data, context.language
    own_metrics = data.get("metrics")
    metrics = own_metrics or preset.get("metrics")
    drafts = [_Draft(s, None) for s in preset.get("sections", ())]
    for index, spec in enumerate(data.get("sections") or ()):
        place = _Draft(spec, ("sections", index))
        same = [i for i, d in enumerate(drafts) if spec.get("id") and d.data.get("id") == spec["id"]]
        if same and drafts[same[0]].path is None:
            drafts[same[0]] = place
        else:
            drafts.append(place)
    # A section `headline` is the headline as it was written; only metrics that the spec itself asks
    # for take the place of its type's.
    written = [d for d in drafts if d.data.get("id") == "headline"]
    if metrics and not any(d.path is not None or not own_metrics for d in written):
        drafts = [d for d in drafts if d.data.get("id") != "headline"]
        title = vocabulary(language)["titles"]["headline"]
        drafts.insert(
            0,
            _Draft(
                {"id": "headline", "title": title, "kpis": metrics},
                ("metrics",) if own_metrics else None,
            ),
        )
    group_by = data.get("group_by") or preset.get("group_by")
    if group_by:
        own = bool(data.get("group_by"))
        if not metrics and "metrics" in data:
            pass  # it is empty or no list, which is told
        elif not metrics:
            context.document.tell(
                "missing-key",
                "`group_by` has no `metrics` to break down",
                ("group_by",),
                "add `metrics:`, or use a breakdown section",
                key=True,
            )
        else:
            after = 1 if drafts and drafts[0].data.get("id") == "headline" else 0
            drafts.insert(
                after,
                _Draft(
                    {"id": "by_group", "breakdown": {"metrics": metrics, "by": group_by}},
                    ("group_by",) if own else None,
                    True,
                ),
            )
    return drafts


def _section(
    context: Context, draft: _Draft, index: int, seen: set[str], written: Collection[str]
) -> SectionSpec | None:
    data, document = draft.data, context.document
    kinds = [kind for kind in KINDS if kind in data]
    if len(kinds) != 1:
        return None  # the schema has said so
    kind = kinds[0]
    path = draft.path or ()
    own_id = data.get("id") if not draft.made else None
    identifier = str(own_id or data.get("id") or f"{kind}_{index + 1}")
    if not own_id:
        identifier = _free(identifier, {*seen, *written})
    if identifier in seen:
        document.tell(
            "duplicate-id",
            f"two sections have the id `{identifier}`",
            (*path, "id"),
            "give each its own",
        )
    seen.add(identifier)
    body = data[kind]
    spec = {"metrics": body} if kind == "kpis" and isinstance(body, list) else body
    dated = _dated(spec) if kind == "breakdown" else ()
    inner: Place = (*path, kind) if path and path[0] == "sections" else path
    if kind == "kpis" and isinstance(body, list) and path[:1] == ("sections",):
        metrics_path: Place = inner
    elif path[:1] == ("sections",):
        metrics_path = (*inner, "steps" if kind == "funnel" else "metrics")
    else:
        metrics_path = ("metrics",) if context.data.get("metrics") else path
    if kind == "text":
        title = context.text(data.get("title"))
        return SectionSpec(
            identifier,
            "text",
            title,
            text=context.text(body),
            break_before=data.get("break") == "before",
            keep_together=data.get("keep") == "together",
        )
    before = len(document.problems)
    own = data.get("vega_lite")
    if own is not None and kind not in ("trend", "breakdown", "funnel", "records"):
        document.tell(
            "chart-without-rows",
            f"a chart needs rows, and `{kind}` has none",
            (*path, "vega_lite"),
            "trend, breakdown, funnel and records have",
            key=True,
        )
        own = None
    conditions = _conditions(context, draft, path, kind, spec)
    omitted: list[Omitted] = []
    common = {
        "note": context.text(data.get("note")),
        "break_before": data.get("break") == "before",
        "keep_together": data.get("keep") == "together",
    }
    if kind in ("backtest", "highlights"):
        made = _insight(context, draft, identifier, kind, spec, inner, conditions, omitted, common)
    elif kind == "records":
        made = _records(context, draft, identifier, spec, inner, conditions, omitted, common)
    else:
        if dated:
            kind, spec = "trend", _as_trend(context, spec, dated, inner)
        made = _figures(context, draft, identifier, kind, spec, inner, metrics_path, conditions, omitted, common)
    if own is not None and made is not None and isinstance(own, dict):
        drawn = own_chart(document, own, (*path, "vega_lite"), _columns(context, made))
        made = replace(made, own_chart=drawn)
    if len(document.problems) > before and draft.path is not None and document.broken:
        return None
    return made


def _columns(context: Context, section: SectionSpec) -> tuple[str, ...]:
    """The names of the columns that a section will have."""
    if section.kind == "records":
        return tuple(name for name, _ in record_fields(context.binding, section)[0])
    if section.kind == "funnel":
        past = ("value__previous",) if context.compared else ()
        return ("step", "value", *past, "of_previous_step", "of_first_step")
    time = ("period",) if section.kind == "trend" else ()
    shown = tuple(
        name
        for metric in section.metrics
        for name in ((metric.id, f"{metric.id}__previous") if context.compared else (metric.id,))
    )
    return (*time, *(dimension.name for dimension in section.dimensions), *shown)


def _conditions(
    context: Context, draft: _Draft, path: Place, kind: str, spec: Mapping[str, Any]
) -> tuple[exp.Expr, ...]:
    quiet = context.document if draft.path is not None else Document("", "", None, {})
    found = []
    bounds = {
        name: Bounds(b.low, b.high, set(b.allowed) if b.allowed is not None else None, set(b.denied), b.null)
        for name, b in context.bounds.items()
    }
    for index, item in enumerate(draft.data.get("filters") or ()):
        tree = condition(context.binding, quiet, item, (*path, "filters", index), bounds)
        if tree is not None:
            found.append(tree)
        elif draft.path is None:
            raise ValueError("a report type has a filter that is none")  # never unfiltered
    places = [(draft.data, (*path, "where"))]
    if kind == "records":
        places.append((spec, (*path, kind, "where")))
    for holder, where in places:
        if holder.get("where"):
            tree = user_condition(quiet, context.binding, str(holder["where"]), where, context.data)
            if tree is not None:
                found.append(tree)
            elif draft.path is None:
                raise ValueError("a report type has a condition that is none")  # never unfiltered
    return tuple(found)


def _metric(context: Context, name: str, path: Place, quiet: bool) -> Metric | None:
    return find_metric(context.binding, context.document, name, path, quiet=quiet)


def find_metric(
    binding: Binding, document: Document, name: str, path: Place, *, quiet: bool = False, key: bool = False
) -> Metric | None:
    """The metric that a reference means, or None with the mistake told."""
    try:
        return binding.catalogue.metrics[name]
    except UnknownMetric as why:
        if quiet:
            raise ValueError(f"a report type names the unknown metric {name}") from None
        part, known = why.part[:60], why.known or tuple(binding.catalogue.metrics)
        near = suggestion(part, known)
        if why.what == "number":
            message = f"an option is written `name=number`, not `{part}`"
            help = "for example `renewal_rate(grace_days=45)`"
        elif why.what == "size":
            message = f"`{part}` is out of bounds"
            help = f"an option is at most {LARGEST_OPTION:,}, with at most {FINEST_OPTION} decimals"
        elif why.what == "metric":
            message = f"no metric named `{part}`"
            help = _another_word(binding, part) or near or "`reportspec catalog metrics` lists them"
        else:
            message = f"`{name.partition('.')[0].partition('(')[0]}` has no {why.what} `{part}`"
            help = near or (f"it has {', '.join(why.known)}" if why.known else f"it has no {why.what}s")
        document.tell("unknown-metric", message, path, help, key=key)
    return None


def _another_word(binding: Binding, word: str) -> str | None:
    """``did you mean `close_rate`?`` for `win_rate`, which no likeness of letters finds."""
    metrics, said = binding.catalogue.metrics, folded_name(word)
    found = next((name for name in metrics if said in metrics[name].also), None)
    return f"did you mean `{found}`?" if found else None


def _label(context: Context, texts: Mapping[str, str]) -> str:
    return texts.get(context.language) or texts["en"]


def _check_steps(context: Context, metrics: Sequence[Metric], path: Place) -> None:
    """That the steps of a funnel are of one unit: each is told as a share of the one before."""
    units = list(dict.fromkeys(metric.unit for metric in metrics))
    if len(units) > 1:
        other = next(metric for metric in metrics if metric.unit == units[1])
        context.document.tell(
            "no-step",
            f"`{other.id}` is no step after `{metrics[0].id}`: one is {_UNITS.get(units[1], units[1])}, the other"
            f" {_UNITS.get(units[0], units[0])}, and a step is told as a share of the one before",
            path,
            "give each its own funnel, or name what is counted of both",
        )


_UNITS = {"count": "a number", "currency": "an amount"}


def _check_labels(context: Context, metrics: Sequence[Metric], path: Place) -> None:
    """Figures of one name beside each other cannot be told apart by who reads them."""
    first: dict[str, Metric] = {}
    for metric in metrics:
        name = _label(context, metric.label)
        other = first.setdefault(name, metric)
        if other is not metric:
            help = "give them sections of their own, with titles that tell them apart"
            context.document.tell(
                "same-label",
                f"`{other.id}` and `{metric.id}` are both called `{name}` here",
                path,
                help if other.family == metric.family else "give one of them another label",
                warning=True,
            )


def _figures(
    context: Context,
    draft: _Draft,
    identifier: str,
    kind: str,
    spec: Mapping[str, Any],
    inner: Place,
    metrics_path: Place,
    conditions: tuple[exp.Expr, ...],
    omitted: list[Omitted],
    common: dict[str, Any],
) -> SectionSpec | None:
    document, standard = context.document, draft.path is None
    dimensions = _dimensions(context, draft, spec, inner, omitted)
    if dimensions is None:
        return _nothing(context, identifier, kind, draft, omitted, common) if standard else None
    names = spec.get("steps") if kind == "funnel" else spec.get("metrics")
    metrics: list[Metric] = []
    unwritten = draft.made and not context.data.get("metrics")  # those of the report type
    first: tuple[str, Unresolved] | None = None
    for position, name in enumerate(names or ()):
        place = (*metrics_path, position)
        metric = _metric(context, str(name), place, standard)
        if metric is None:
            continue
        problem = _unusable(context, metric, kind, dimensions, (*context.conditions, *conditions))
        for time in _dated(spec):
            problem = problem or _counted_otherwise(context, metric, str(time["field"]))
        if problem is None:
            metrics.append(metric)
        elif standard or unwritten:
            first = first or (metric.id, problem)
            omitted.append((_label(context, metric.label), _need(context, problem)))
        else:
            code = problem.code
            document.tell(code, f"`{metric.id}` cannot be shown here: {problem.message}", place, problem.help)
    if not metrics:
        if unwritten and not standard and first is not None:
            names = " × ".join(f"`{dimension.name}`" for dimension in dimensions)
            document.tell(
                first[1].code,
                f"no metric of the report can be shown by {names}: `{first[0]}`: {first[1].message}",
                ("group_by",),
                first[1].help or "name others with `metrics:`",
            )
        return _nothing(context, identifier, kind, draft, omitted, common) if standard else None
    if not standard:
        _check_labels(context, metrics, metrics_path)
    if kind == "funnel":
        _check_steps(context, metrics, metrics_path)
    if kind in ("kpis", "funnel") and dimensions:
        dimensions = ()
    chart = spec.get("chart")
    if chart in ("waterfall", "pareto"):
        _check_adding(context, str(chart), metrics[0], dimensions, inner)
    if spec.get("subtotals"):
        _check_subtotals(context, spec, dimensions, inner)
    sort = _sort(context, spec, inner, metrics, dimensions, standard)
    return SectionSpec(
        id=identifier,
        kind=kind,  # type: ignore[arg-type]
        title=_title(context, draft, kind, dimensions),
        metrics=tuple(metrics),
        dimensions=dimensions,
        grain=str(spec.get("grain") or context.grain),
        chart=chart,
        sort=sort,
        top=spec.get("top"),
        others=bool(spec.get("others", False)),
        totals=bool(spec.get("totals", True)),
        subtotals=bool(spec.get("subtotals", False)),
        conditions=conditions,
        omitted=_lacks(context, omitted),
        **common,
    )


def _check_subtotals(
    context: Context, spec: Mapping[str, Any], dimensions: tuple[Dimension, ...], inner: Place
) -> None:
    """Groups have several fields, and all of their rows."""
    place = (*inner, "subtotals")
    if len(dimensions) < 2:
        context.document.tell(
            "bad-subtotals",
            "subtotals are those of the first of several fields",
            place,
            "name two fields in `by`, such as [user.team, user.name]",
        )
    elif spec.get("top"):
        context.document.tell(
            "bad-subtotals",
            "`top` would cut rows out of the groups that have subtotals",
            place,
            "leave out `top` or `subtotals`",
        )


def _check_adding(
    context: Context, chart: str, metric: Metric, dimensions: tuple[Dimension, ...], inner: Place
) -> None:
    """The steps of a waterfall, and the bars of a Pareto chart, must add up to the whole."""
    place = (*inner, "chart")
    if not metric.adds_up:
        context.document.tell(
            "bad-chart",
            f"`{metric.id}` does not add up over rows, so it has no {chart}",
            place,
            "put a count or a sum first, or use `chart: bar`",
        )
    elif len(dimensions) != 1 and chart == "waterfall":
        context.document.tell(
            "bad-chart", "a waterfall has one field whose values are its steps", place, "name one field in `by`"
        )
    elif len(dimensions) != 1:
        context.document.tell(
            "bad-chart",
            "a pareto has one field whose values are its bars",
            place,
            "name one field in `by`, or use `chart: stacked`",
        )


def _insight(
    context: Context,
    draft: _Draft,
    identifier: str,
    kind: str,
    spec: Mapping[str, Any],
    inner: Place,
    conditions: tuple[exp.Expr, ...],
    omitted: list[Omitted],
    common: dict[str, Any],
) -> SectionSpec | None:
    standard, everywhere = draft.path is None, (*context.conditions, *conditions)

    def refuse(metric: Metric, why: Unresolved, place: Place) -> None:
        if standard:
            omitted.append((_label(context, metric.label), _need(context, why)))
        else:
            message = f"`{metric.id}` cannot be shown here: {why.message}"
            context.document.tell(why.code, message, place, why.help)

    asked = Asked(
        lambda name, place: _metric(context, name, place, standard),
        lambda name, place: field_named(context.binding, context.document, name, place),
        lambda metric, dimensions: _unusable(context, metric, "breakdown", dimensions, everywhere),
        refuse,
        context.binding.catalogue.metrics,
    )
    title = _title(context, draft, kind, ())
    if kind == "backtest":
        tested = backtest(asked, spec, inner, context.period, context.fiscal)
        if tested is None:
            return _nothing(context, identifier, kind, draft, omitted, common) if standard else None
        return SectionSpec(
            identifier,
            "backtest",
            title,
            metrics=(tested.metric, tested.against),
            backtest=tested,
            conditions=conditions,
            omitted=_lacks(context, omitted),
            **common,
        )
    found = highlights(asked, spec, inner)
    # What sentences leave out is shown, and said to be lacking, in the sections themselves.
    return SectionSpec(identifier, "highlights", title, highlights=found, conditions=conditions, **common)


def _lacks(context: Context, omitted: list[Omitted]) -> tuple[str, ...]:
    """One sentence for the reader: what is not shown, and what the source would have to have."""
    if not omitted:
        return ()
    words = vocabulary(context.language)["lacks"]
    needs: dict[str, dict[str, None]] = {}
    for name, need in omitted:
        needs.setdefault(need, {})[name] = None
    said = "; ".join(
        words["needs"].format(", ".join(names), need) if need else ", ".join(names) for need, names in needs.items()
    )
    return (words["all"].format(said),)


def _need(context: Context, why: Unresolved) -> str:
    """What is lacking, in the report's words: `Loss reason`, `Stage changes`."""
    if not isinstance(why, Missing):
        return ""
    context.lacking[why.name.partition(".")[0]] = None
    return _named(context, why.name)


def _named(context: Context, name: str) -> str:
    parts = name.split(".")
    at = parts[0]
    entities = context.binding.catalogue.entities
    if len(parts) == 1:
        return _label(context, entities[at].plural) if at in entities else name
    for step in parts[1:-1]:
        at = entities[at].relations[step].to
    field = context.binding.field(at, parts[-1])
    if field is None:
        return name
    said = _label(context, field.label)
    if any(one.name == field.name for one in _given(context.binding) if one.entity != at):
        # Another record has what is called so, and a table may well show it.
        said = f"{said} ({_label(context, entities[at].plural)})"
    return said


def _given(binding: Binding) -> Iterator[Field]:
    """The fields that the source gives."""
    for name, mapped in binding.source.entities.items():
        for given in mapped.fields:
            known = binding.field(name, given)
            if known is not None:
                yield known


def _nothing(
    context: Context,
    identifier: str,
    kind: str,
    draft: _Draft,
    omitted: list[Omitted],
    common: dict[str, Any],
) -> SectionSpec:
    """A section of a report type of which this source can serve nothing: it says so."""
    title = _title(context, draft, kind, ())
    return SectionSpec(identifier, "text", title, omitted=_lacks(context, omitted), **common)


def _title(context: Context, draft: _Draft, kind: str, dimensions: tuple[Dimension, ...]) -> str:
    given = context.text(draft.data.get("title"))
    words = vocabulary(context.language)["titles"]
    if given or "title" in draft.data:
        return given
    if dimensions:
        language = context.language
        said = (called(context.binding, d.path[0], d.path, language) for d in dimensions)
        names = " × ".join(as_part(language, one) for one in said)
        return str(words["by"].format(names))
    if kind == "records":
        return _label(context, context.binding.catalogue.entities[draft.data["records"]["entity"]].plural)
    return str(words.get(kind, ""))


def _unusable(
    context: Context,
    metric: Metric,
    kind: str,
    dimensions: tuple[Dimension, ...],
    conditions: tuple[exp.Expr, ...],
) -> Unresolved | None:
    """Why a metric cannot stand in a section: the source lacks a field, a dimension or a filter
    cannot be reached from its entity, or it makes no sense there."""
    if kind == "funnel" and (metric.unit == "percent" or metric.kind in ("share", "relative")):
        return Unresolved(
            "no-step", "a step is a number of things, and this is a share of them", "name what is counted"
        )
    binding = context.binding
    try:
        need_metric(binding, metric)
        for part in metrics_needed(binding.catalogue, metric):
            for dimension in dimensions:
                binding.need_some_of(part.entity, dimension.path)
            for tree in conditions:
                binding.need_some(part.entity, tree)
            by = [dimension.path for dimension in dimensions]
            if kind == "trend" and not can_trend(binding, part, conditions, by):
                return Unresolved("no-trend", "it is only known for one date, not over time")
            if binding.currency is None and _compares_amounts(binding, part, dimensions, conditions):
                return NO_CURRENCY
    except Unresolved as why:
        return why
    if kind != "breakdown" and metric.kind in ("share", "relative"):
        return Unresolved("no-rows", "it compares rows, so it only goes into a breakdown")
    return None


def _compares_amounts(
    binding: Binding, part: Metric, dimensions: tuple[Dimension, ...], conditions: tuple[exp.Expr, ...]
) -> bool:
    """Whether a figure adds up, cuts or groups amounts that may be in several currencies."""
    if part.unit == "currency" and part.of is not None and needs_currency(binding, part.entity, part.of):
        return True
    told = [tree for tree in (part.where, *conditions) if tree is not None]
    told += [parse(".".join(d.path), packaged=True) for d in dimensions if d.field.type == "money"]
    return any(money_currencies(binding, part.entity, tree) for tree in told)


def _dimensions(
    context: Context, draft: _Draft, spec: Mapping[str, Any], inner: Place, omitted: list[Omitted]
) -> tuple[Dimension, ...] | None:
    given = spec.get("by")
    if given is None:
        return ()
    items = given if isinstance(given, list) else [given]
    base: Place = (*inner, "by") if inner[:1] == ("sections",) else inner
    found: list[Dimension] = []
    wrong = False
    for index, item in enumerate(items):
        place = (*base, index) if isinstance(given, list) else base
        if isinstance(item, dict) and "grain" in item:
            wrong = not _has_grain(context, item, place) or wrong
            continue
        name = str(item["field"]) if isinstance(item, dict) else str(item)
        if name.lower() in GRAINS:
            help = f"use a trend with `grain: {name.lower()}`: `trend: {{metrics: […], grain: {name.lower()}}}`"
            context.document.tell("bad-group", f"`{name}` is a stretch of time and no field", place, help)
            wrong = True
            continue
        field = field_named(context.binding, context.document, name, place)
        if field is None:
            wrong = True
            continue
        bins = tuple(float(b) for b in item.get("bins", ())) if isinstance(item, dict) else ()
        if bins and list(bins) != sorted(set(bins)):
            context.document.tell("bad-value", "the bounds of `bins` must rise", (*place, "bins"))
            wrong = True
        if bins and field.type not in ("integer", "number", "money"):
            context.document.tell("bad-value", f"`{field.id}` is no number, so it has no bins", (*place, "bins"))
            wrong = True
        if field.type in ("date", "time") or (field.type in ("number", "money") and not bins):
            help = "give `bins: [10, 20, 50]`"
            if field.type in ("date", "time"):
                help = f"write `{{field: {name}, grain: month}}` in `by` of a section, or a `trend` with `grain`"
            context.document.tell("bad-group", f"`{name}` has too many values to group by", place, help)
            wrong = True
        if not wrong and draft.path is not None:
            # What no metric could be shown by is told where it stands, not at each of them.
            binding, owner = context.binding, field.entity
            try:
                binding.need_reference(owner, binding.resolve(owner, (owner, field.name)))
            except Unresolved as why:
                context.document.tell(why.code, f"`{name}` cannot be shown here: {why.message}", place, why.help)
                wrong = True
        found.append(Dimension(name, tuple(name.split(".")), field, bins))
    return None if wrong else tuple(found)


def _dated(spec: Any) -> tuple[Mapping[str, Any], ...]:
    """What a section is broken down by that is a time with its grain."""
    by = spec.get("by") if isinstance(spec, dict) else None
    items = by if isinstance(by, list) else ()
    return tuple(one for one in items if isinstance(one, dict) and "grain" in one)


_OF_TRENDS = ("metrics", "by", "chart", "totals")  # of a breakdown, what a trend has as well


def _as_trend(
    context: Context, spec: Mapping[str, Any], dated: Sequence[Mapping[str, Any]], inner: Place
) -> Mapping[str, Any]:
    """A breakdown by a time as the trend that it is: all steps of the period in their order. What rows in
    that order cannot have is told."""
    document = context.document
    if len(dated) > 1 or len(spec["by"]) > 2:
        document.tell(
            "bad-group",
            "a breakdown by a time has one time and at most one other field",
            (*inner, "by"),
            "leave out the others, or make a section for each",
        )
    for key in spec:
        if key not in _OF_TRENDS and spec[key]:
            document.tell(
                "bad-value",
                f"rows by a time stand in its order, and all of them: `{key}` does not go with `grain`",
                (*inner, key),
                f"leave out `{key}` or `grain`",
                key=True,
            )
    chart = spec.get("chart", "bar")
    if chart not in ("bar", "stacked", "none"):
        document.tell(
            "bad-chart",
            f"rows by a time are drawn as bars, not as `{chart}`",
            (*inner, "chart"),
            "write `bar`, `stacked` or `none`, or a `trend` with `chart: line`",
        )
        chart = "bar"
    kept = {key: value for key, value in spec.items() if key in _OF_TRENDS}
    return {**kept, "grain": dated[0]["grain"], "chart": chart}


def _has_grain(context: Context, item: Mapping[str, Any], place: Place) -> bool:
    """Whether a field of a breakdown is a time, so that it has days, months and years."""
    field = field_named(context.binding, context.document, str(item["field"]), (*place, "field"))
    if field is None:
        return False
    if field.type not in ("date", "time"):
        context.document.tell(
            "bad-value", f"`{field.id}` is no date or time, so it has no grain", (*place, "grain"), "leave out `grain`"
        )
        return False
    if "bins" in item:
        context.document.tell(
            "bad-value", f"`{field.id}` is no number, so it has no bins", (*place, "bins"), "leave out `bins`"
        )
    return "bins" not in item


def _counted_otherwise(context: Context, metric: Metric, name: str) -> Unresolved | None:
    """That a metric is not counted by the time that its section is broken down by: by another one, or as
    of an instant."""
    binding = context.binding
    for part in metrics_needed(binding.catalogue, metric):
        own = ".".join(path_of(part.time)) if isinstance(part.time, exp.Column) else ""
        if own == name:
            continue
        said = f"it is counted by {f'`{own}`' if own else 'a time of its own'}, not by `{name}`"
        if part.time is None:
            said = "it is what there is at a point in time, and counted by none"
        return Unresolved("bad-group", said, "a `trend` with `grain` shows each metric by its own time")
    return None


def _sort(
    context: Context,
    spec: Mapping[str, Any],
    inner: Place,
    metrics: list[Metric],
    dimensions: tuple[Dimension, ...],
    standard: bool,
) -> tuple[str, bool] | None:
    given = spec.get("sort")
    if not given:
        return None
    name, descending = str(given).removeprefix("-"), str(given).startswith("-")
    known = [m.id for m in metrics] + [d.name for d in dimensions]
    if name not in known:
        # One that stands here and cannot be shown is told at its own place.
        whole = spec.get("metrics") and (spec.get("by") or "by" not in spec)  # as it was written
        if not standard and whole and name not in map(str, spec.get("metrics") or ()):
            help = _turned_sort(str(given), known) or suggestion(name, known)
            context.document.tell(
                "unknown-sort",
                f"`{name[:60]}` is not shown here, so it cannot sort",
                (*inner, "sort"),
                help or f"shown are {', '.join(f'`{k}`' for k in known[:8])}",
            )
        return None
    return name, descending


def _turned_sort(given: str, known: Collection[str]) -> str | None:
    """The way out where a sort has its direction behind it, as SQL writes it."""
    name, _, direction = given.strip().partition(" ")
    sign = {"asc": "", "ascending": "", "desc": "-", "descending": "-"}.get(direction.strip().lower())
    if sign is None:
        return None
    name = name.removeprefix("-")
    meant = name if name in known else did_you_mean(name, known)
    return f"write `{sign}{meant}`" if meant is not None else None


def _listed(
    context: Context, entity: str, spec: Mapping[str, Any], conditions: Sequence[exp.Expr]
) -> tuple[Listed | None, tuple[exp.Expr, ...]]:
    """Which of an entity's records are listed, and the condition that they are: those that belong to the
    report's period by their own time, and those that are not over. What the section's conditions say of
    that already is not said again. None for an entity without such a time."""
    by = context.binding.catalogue.entities[entity].listed_by
    if by is None:
        return None, ()
    told = [_equals(one) for tree in conditions for one in conjuncts(tree)]
    still = _equals(by.open) if by.open is not None else None
    if still is not None and still in told:
        return Listed("", "open"), ()
    apart = still is not None and any(one is not None and one[0] == still[0] for one in told)
    time = exp.column(by.time, table=entity)
    tree: exp.Expr = exp.And(
        this=exp.GTE(this=time, expression=exp.column("period_start")),
        expression=exp.LT(this=time.copy(), expression=exp.column("period_end")),
    )
    if by.open is not None and not apart:
        tree = exp.Or(this=exp.Paren(this=tree), expression=exp.Paren(this=by.open.copy()))
    try:
        context.binding.need_tree(entity, tree)
    except Unresolved:
        return Listed("", "all"), ()
    if spec.get("period") == "all":
        return Listed("", "all"), ()
    which: Literal["in", "both"] = "in" if by.open is None or apart else "both"
    return Listed(by.time, which), (exp.Paren(this=tree),)


def _equals(tree: exp.Expr) -> tuple[str, str] | None:
    """The field and the text of `deal.status = 'open'`."""
    found = tree.unnest()
    if not isinstance(found, exp.EQ) or not isinstance(found.expression, exp.Literal):
        return None
    return found.this.sql(), str(found.expression.this)


def _records(
    context: Context,
    draft: _Draft,
    identifier: str,
    spec: Mapping[str, Any],
    inner: Place,
    conditions: tuple[exp.Expr, ...],
    omitted: list[Omitted],
    common: dict[str, Any],
) -> SectionSpec | None:
    binding, document, standard = context.binding, context.document, draft.path is None
    entity = str(spec["entity"])
    if entity not in binding.catalogue.entities:
        document.tell(
            "unknown-entity",
            f"there is no entity `{entity[:60]}`",
            (*inner, "entity"),
            suggestion(entity, binding.catalogue.entities),
        )
        return None
    try:
        binding.need_entity(entity)
    except Unresolved as why:
        if standard:
            omitted.append((_named(context, entity), _need(context, why)))
            return _nothing(context, identifier, "records", draft, omitted, common)
        document.tell(
            why.code,
            f"`{entity}` cannot be listed here: {why.message}",
            (*inner, "entity"),
            why.help,
        )
        return None
    fields: list[tuple[str, tuple[str, ...]]] = []

    def usable(name: str, place: Place) -> tuple[str, ...] | None:
        if field_named(binding, document, name, place) is None:
            return None
        path = tuple(name.split("."))
        try:
            binding.need_reference(entity, binding.resolve(entity, path))
            if binding.currency is None and of_several(path, place):
                raise NO_CURRENCY
        except Unresolved as why:
            if standard:
                omitted.append((_named(context, name), _need(context, why)))
            else:
                document.tell(why.code, f"`{name}` cannot be shown here: {why.message}", place, why.help)
            return None
        return path

    def of_several(path: tuple[str, ...], place: Place) -> bool:
        """Whether it is an amount that may be in several currencies, and nothing says in which."""
        tree = parse(".".join(path), packaged=True)
        sorts = place[-1:] == ("sort",)
        shown = () if sorts else [tuple(str(name).split(".")) for name in spec["fields"]]
        return any(one not in shown for one in money_currencies(binding, entity, tree))

    for index, name in enumerate(spec["fields"]):
        path = usable(str(name), (*inner, "fields", index))
        if path:
            fields.append((str(name), path))
    for tree in (*context.conditions, *conditions):
        try:
            binding.need_some(entity, tree)
            if binding.currency is None and money_currencies(binding, entity, tree):
                raise NO_CURRENCY
        except Unresolved as why:
            if standard:
                omitted.append((_named(context, entity), _need(context, why)))
                fields = []
            else:
                names = ", ".join(".".join(path_of(n)) for n in column_nodes(tree))
                document.tell(
                    why.code,
                    f"the filter on `{names}` cannot apply to `{entity}`: {why.message}",
                    inner,
                    why.help,
                )
    if not fields:
        return _nothing(context, identifier, "records", draft, omitted, common) if standard else None
    listed, within = _listed(context, entity, spec, (*context.conditions, *conditions))
    conditions = (*conditions, *within)
    order = []
    if spec.get("sort"):
        name = str(spec["sort"]).removeprefix("-")
        turned = _turned_sort(name, [*(shown for shown, _ in fields), name.strip().partition(" ")[0]])
        path = usable(name, (*inner, "sort")) if turned is None else None
        if turned is not None:
            document.tell("unknown-sort", f"`{name[:60]}` is no field", (*inner, "sort"), turned)
        elif path:
            order.append((path, str(spec["sort"]).startswith("-")))
    return SectionSpec(
        id=identifier,
        kind="records",
        title=_title(context, draft, "records", ()),
        entity=entity,
        fields=tuple(fields),
        record_sort=tuple(order),
        limit=int(spec.get("limit", 20)),
        conditions=conditions,
        listed=listed,
        omitted=_lacks(context, omitted),
        **common,
    )
