"""Goals: the targets of metrics, and where a report shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportspec.model.domain import Metric
from reportspec.model.query import Dimension
from reportspec.model.spec import GoalSpec, SectionSpec
from reportspec.resolve.binding import Binding, Unresolved, goals_needed, need_metric
from reportspec.resolve.conditions import field_named, in_thousands
from reportspec.resolve.document import Document, Place
from reportspec.sections.asked_metrics import find_metric

_LARGEST = 10**15 - 1  # up to which numbers are told apart to the last digit


def goals_of(document: Document, data: Mapping[str, Any], binding: Binding) -> dict[str, GoalSpec]:
    """The goals by their metrics' ids; those that are wrong are told and left out."""
    goals = {}
    for name, spec in (data.get("goals") or {}).items():
        path: Place = ("goals", name)
        metric = find_metric(binding, document, str(name), path, key=True)
        if metric is None:
            continue
        goal_written = spec if isinstance(spec, dict) else {"target": spec}
        goal = None
        with document.as_far_as_it_goes():
            goal = _goal(document, binding, metric, goal_written, path)
        if goal is not None:
            goals[metric.id] = goal
    return goals


def _goal(
    document: Document, binding: Binding, metric: Metric, given: Mapping[str, Any], path: Place
) -> GoalSpec | None:
    target, from_table = given.get("target"), given.get("target") == "table"
    if from_table:
        target = None
        table = binding.catalogue.targets
        try:
            for field in table.needed:
                binding.need(table.entity, field)
        except Unresolved as why:
            document.tell(why.code, f"there is no table of targets: {why.message}", path, why.help)
    elif target is not None and (isinstance(target, bool) or not isinstance(target, (int, float))):
        return None  # the schema has said so
    numbers = [target] if target is not None else []
    by = None
    if given.get("by") is not None:
        field_found = field_named(binding, document, str(given["by"]), (*path, "by"))
        if field_found is not None:
            by = Dimension(str(given["by"]), tuple(str(given["by"]).split(".")), field_found)
    targets = {str(key): float(value) for key, value in (given.get("targets") or {}).items()}
    if targets and given.get("by") is None:
        document.tell(
            "missing-key",
            "`targets` has no `by`: the field whose values these are",
            path,
            "for example `by: user.name`",
            key=True,
        )
    if target is None and not targets and not from_table:
        document.tell(
            "missing-key",
            f"the goal for `{metric.id}` has no target",
            path,
            "add `target:`, or `by:` and `targets:`",
            key=True,
        )
        return None
    for value in (*numbers, *targets.values()):
        if abs(value) > _LARGEST:
            document.tell(
                "number-too-large",
                f"the goal for `{metric.id}` has more than 15 digits, which is more than figures have",
                path,
                "count its zeros",
            )
            return None
        if metric.unit == "percent" and value > 1.5:
            document.tell(
                "suspicious-goal",
                f"`{metric.id}` is a fraction: {value} means {value * 100:,.0f} %",
                path,
                f"write {value / 100:g} for {value:g} %",
                warning=True,
            )
    written = document.written((*path, "target"))
    if metric.unit in ("currency", "count") and target is not None and (large := in_thousands(written)):
        document.tell(
            "suspicious-goal",
            f"`{written}` is {target:g}: a point begins decimals",
            (*path, "target"),
            f"write {large} for a thousand times as much",
            warning=True,
        )
    _check_sum(document, metric, target, targets, path)
    if given.get("direction", metric.direction) not in ("up", "down"):
        sized = "{" + (f"target: {written or f'{target:g}'}" if target is not None else "…") + ", direction: up}"
        document.tell(
            "missing-key",
            f"`{metric.id}` is neither good nor bad when it is more, so the goal has to say when it is reached",
            path,
            f"write `{sized}` where more is better, `direction: down` where less is",
            key=True,
        )
    return GoalSpec(
        float(target) if target is not None else None,
        float(given.get("warn_at", 1.0)),
        given.get("direction", metric.direction),
        by,
        targets,
        from_table,
        places={name: at for name in targets if (at := document.span((*path, "targets", name), key=True)) is not None},
    )


def _check_sum(
    document: Document, metric: Metric, target: float | None, targets: Mapping[str, float], path: Place
) -> None:
    """Warn of targets that together are more than the target of all."""
    whole = sum(targets.values())
    if target is None or not targets or not metric.adds_up or whole <= target:
        return
    document.tell(
        "suspicious-goal",
        f"the `targets` of `{metric.id}` add up to {whole:,.10g}, which is more than its `target` of {target:,.10g}",
        (*path, "targets"),
        "the target of all is reached before all of theirs are; without `target` it is their sum",
        warning=True,
    )


def tell_unshown(
    document: Document,
    data: Mapping[str, Any],
    binding: Binding,
    goals: Mapping[str, GoalSpec],
    sections: Sequence[SectionSpec],
) -> None:
    """Warn of targets that stand nowhere in the report."""
    if document.broken:  # what is wrong shows nothing yet
        return
    targeted = {m.id: m for section in sections if not section.conditions for m in section.targeted}
    narrowed = {m.id for section in sections if section.conditions for m in section.targeted}
    metrics = (*targeted.values(), *(metric for section in sections for metric in section.metrics))
    shown = {*targeted, *(goal for metric in metrics for goal in goals_needed(binding.catalogue, metric))}
    for written in data.get("goals") or ():
        metric = binding.catalogue.metrics[str(written)]
        goal = goals[metric.id]
        if metric.id in shown or (goal.by is not None and goal.target is None):
            continue
        beside = goal.by is not None
        whose = f"the target of all for `{metric.id}`" if beside else f"the goal for `{metric.id}`"
        why, help = "no tile has the metric", f"add `{metric.id}` to a section `kpis`, or to `metrics`"
        if metric.id in narrowed:
            why = "each section that has the metric has a `where` of its own, and a goal is of all rows of the report"
            help = f"add `{metric.id}` to a section `kpis` without `where`, or to `metrics`"
        variant = next((name for name, tile in targeted.items() if tile.family == metric.family), None)
        if variant is not None:
            help = f"there is a tile of `{variant}`: did you mean that? Else {help}"
        try:
            need_metric(binding, metric)
        except Unresolved as lacking:
            why, help = lacking.message, lacking.help or ""
        place: Place = ("goals", str(written), "target") if beside else ("goals", str(written))
        document.tell(
            "unshown-goal", f"{whose} stands nowhere: {why}", place, help or None, key=not beside, warning=True
        )


def check_currency_of_targets(
    document: Document, binding: Binding, goals: Mapping[str, GoalSpec], currency: str | None
) -> None:
    """A report in another currency than the project's has no targets of the source's table for amounts: nothing says
    their currency, so they are in the project's. Targets that the spec writes are in the spec's."""
    if currency in (None, binding.currency):
        return
    for name in document.data.get("goals") or ():
        metric = binding.catalogue.metrics.get(str(name))
        goal = goals.get(metric.id) if metric is not None else None
        if metric is None or goal is None or not goal.table or metric.unit != "currency":
            continue
        document.tell(
            "no-currency",
            f"the targets of `{metric.id}` in the source's table are taken for {currency}, the project's, and cannot "
            f"be held against amounts in {binding.currency}",
            ("goals", str(name)),
            f"write the target in {binding.currency}, or leave `currency` out",
            key=True,
        )
