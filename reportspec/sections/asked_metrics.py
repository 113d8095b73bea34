"""The metrics of a section: names become those that the source can serve there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from reportspec.catalogue.library import FINEST_OPTION, LARGEST_OPTION, UnknownMetric
from reportspec.diagnostics import folded_name, meant_by, suggestion
from reportspec.expression.sandbox import parse
from reportspec.languages import languages
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.asked import can_trend
from reportspec.model.domain import Metric
from reportspec.model.query import Dimension
from reportspec.resolve.binding import Binding, Unresolved, goals_needed, metrics_needed, need_metric
from reportspec.resolve.currencies import mixes_currencies, money_currencies, needs_currency
from reportspec.resolve.document import Document, Place
from reportspec.sections.asked_dimensions import counted_otherwise, dated_by
from reportspec.sections.context import Context, Draft, label_of

NO_CURRENCY = Unresolved(
    "no-currency",
    "amounts come in currencies, and the report names none",
    "add `currency: EUR` (the one to add up) to the project",
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a kind of section asks of its metrics: that they are told `over_time`, or that each is a number of
    things (`steps`); whether they may compare its `rows` with each other; and whether it names the very rows, which
    then may be told apart by what is only known of lists (`listed`)."""

    over_time: bool = False
    steps: bool = False
    rows: bool = False
    listed: bool = False


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
            same = near if near is not None and folded_name(near.now) == folded_name(part) else None
            help = same or _meant(binding, part) or near or "`reportspec catalog metrics` lists them"
        else:
            whole = name.partition("(")[0]
            message = f"`{whole if why.what == 'option' else whole.partition('.')[0]}` has no {why.what} `{part}`"
            help = near or (f"it has {', '.join(why.known)}" if why.known else f"it has no {why.what}s")
        document.tell("unknown-metric", message, path, help, key=key)
    return None


_SAID_SHORTER = {"average": "avg", "mean": "avg", "amounts": "amount", "value": "amount", "ratio": "rate"}
_MEASURED = ("amount", "count", "rate", "value")  # what a metric's name ends in, and its label does not
_UNSAID = frozenset(["total", "sum", "number", "of", "the", "all", "overall", "no"])


def _meant(binding: Binding, word: str) -> str | None:
    """``did you mean `close_rate`?`` for `win_rate`, and `leads_created_count` for `lead_count`, which no likeness
    of letters finds: by other words for metrics, by what they are labelled, then by whose words are all in them."""
    metrics, flat = binding.catalogue.metrics, folded_name(word)
    words = _words(flat)
    for asked in dict.fromkeys((flat, "_".join(words))):
        metric = next((name for name in metrics if asked in metrics[name].also), None)
        metric = metric or next((name for name in metrics if asked in _labels(metrics[name])), None)
        if metric is not None:
            return meant_by(word, metric)
    *called, what = words or [""]
    if called and what in _MEASURED:  # `open_pipeline_amount` for what is labelled “Open pipeline”
        labelled = [name for name in metrics if "_".join(called) in _labels(metrics[name])]
        if labelled:
            return meant_by(word, next((name for name in labelled if _words(name)[-1] == what), labelled[0]))
    whole = [name for name in metrics if words and set(words) <= set(_words(name))]
    # What stands first says what is counted.
    first = [name for name in whole if _words(name)[0] == words[0]] or (whole if len(flat) >= 4 else [])
    found = min(first, key=lambda name: (len(_words(name)), not name.endswith("_count"), len(name)), default=None)
    return meant_by(word, found) if found else None


def _labels(metric: Metric) -> set[str]:
    """What a metric is called in the languages there are, as names are compared."""
    return {folded_name(metric.label.get(language) or "") for language in languages()}


def _words(name: str) -> list[str]:
    """The words of a folded name, each as one of several, without those that say nothing."""
    words = [_SAID_SHORTER.get(one, one) for one in name.split("_") if one and one not in _UNSAID]
    return [f"{one[:-3]}y" if one.endswith("ies") else one[:-1] if _plural(one) else one for one in words]


def _plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith("ss")


def check_labels(context: Context, metrics: Sequence[Metric], path: Place) -> None:
    """Figures of one name beside each other cannot be told apart by who reads them."""
    first: dict[str, Metric] = {}
    for metric in metrics:
        name = label_of(context, metric.label)
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


def unusable(
    context: Context,
    metric: Metric,
    rules: Rules,
    dimensions: tuple[Dimension, ...],
    conditions: tuple[exp.Expr, ...],
) -> Unresolved | None:
    """Why a metric cannot stand in a section: the source lacks a field, a dimension or a filter
    cannot be reached from its entity, or it makes no sense there."""
    if rules.steps and (metric.unit == "percent" or metric.kind in ("share", "relative")):
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
                binding.need_some(part.entity, tree, listed=rules.listed)
            by = [dimension.path for dimension in dimensions]
            if rules.over_time and not can_trend(binding, part, conditions, by):
                return Unresolved("no-trend", "it is only known for one date, not over time")
            if binding.currency is None and _compares_amounts(binding, part, dimensions, conditions):
                return NO_CURRENCY
    except Unresolved as why:
        return why
    if not rules.rows and metric.kind in ("share", "relative"):
        return Unresolved("no-rows", "it compares rows, so it only goes into a breakdown")
    return _of_whole_goal(context, metric, rules, dimensions, conditions)


def _of_whole_goal(
    context: Context,
    metric: Metric,
    rules: Rules,
    dimensions: tuple[Dimension, ...],
    conditions: tuple[exp.Expr, ...],
) -> Unresolved | None:
    """Why a metric whose formula has a goal cannot stand where figures are of a part of the report's rows: the goal is
    of all of them."""
    goal = next((name for name in goals_needed(context.binding.catalogue, metric) if name in context.goals), None)
    if goal is None:
        return None
    if len(conditions) > len(context.conditions):
        part = "the section has a `where` or `filters` of its own"
    elif dimensions:
        part = "each figure here is of a part of them"
    elif rules.over_time:
        part = "each step here is a part of them"
    else:
        return None
    return Unresolved(
        "whole-goal",
        f"it is made with the goal for `{goal}`, which is of all rows of the report, and {part}",
        f"add `{metric.id}` to `metrics`, which is of all rows; a report with these `filters`, or `for_each`, has the"
        " goal of its own rows",
    )


def _compares_amounts(
    binding: Binding, part: Metric, dimensions: tuple[Dimension, ...], conditions: tuple[exp.Expr, ...]
) -> bool:
    """Whether a figure adds up, cuts or groups amounts that may be in several currencies."""
    if part.unit == "currency" and part.of is not None and needs_currency(binding, part.entity, part.of):
        return True
    if part.of is not None and mixes_currencies(binding, part.entity, part.of):
        return True
    trees = [tree for tree in (part.where, *conditions) if tree is not None]
    trees += [parse(".".join(d.path), packaged=True) for d in dimensions if d.field.type == "money"]
    return any(money_currencies(binding, part.entity, tree) for tree in trees)


def asked_metrics(
    context: Context, draft: Draft, rules: Rules, dimensions: tuple[Dimension, ...] = (), key: str = "metrics"
) -> tuple[Metric, ...]:
    """The metrics that stand under a key of a section's body, so far as they can be shown there; what cannot is
    told, or left out of a standard section."""
    document, body = context.document, draft.body
    place = draft.metrics_place(context, key)
    unwritten = draft.made and not context.data.get("metrics")  # those of the report type
    metrics: list[Metric] = []
    first: tuple[str, Unresolved] | None = None
    for position, name in enumerate(body.get(key) or ()):
        metric = find_metric(context.binding, document, str(name), (*place, position), quiet=draft.standard)
        if metric is None:
            continue
        problem = unusable(context, metric, rules, dimensions, (*context.conditions, *draft.conditions))
        for time in dated_by(body):
            problem = problem or counted_otherwise(context, metric, str(time["field"]))
        if problem is None:
            metrics.append(metric)
        elif unwritten:
            first = first or (metric.id, problem)
            draft.leave_out(context, label_of(context, metric.label), problem)
        else:
            draft.refuse(context, metric.id, label_of(context, metric.label), problem, (*place, position))
    if metrics and not draft.standard:
        check_labels(context, metrics, place)
    if not metrics and unwritten and not draft.standard and first is not None:
        names = " × ".join(f"`{dimension.name}`" for dimension in dimensions)
        document.tell(
            first[1].code,
            f"no metric of the report can be shown by {names}: `{first[0]}`: {first[1].message}",
            ("group_by",),
            first[1].help or "name others with `metrics:`",
        )
    return tuple(metrics)
