"""Metrics of dbt's `semantic_manifest.json` as metrics of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportspec.diagnostics import Span
from reportspec.exchange.dbt_filters import Filter, Filters
from reportspec.exchange.dbt_tables import Shape
from reportspec.exchange.fields import keep
from reportspec.exchange.fitting_names import fitting_name
from reportspec.exchange.foreign import LeftOut, Made, Model, Part
from reportspec.exchange.formulas import formula
from reportspec.exchange.fragments import is_name
from reportspec.lazy_dataclass import dataclass
from reportspec.source.tree import Scalar

_SAME = {"sum": "sum", "average": "average", "min": "min", "max": "max", "median": "median"}
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_KEYS = frozenset(
    [
        "name",
        "description",
        "type",
        "type_params",
        "filter",
        "label",
        "config",
        "metadata",
        "time_granularity",
        "datatype",
        "id",
        "unique_id",
        "resource_type",
        "package_name",
        "path",
        "original_file_path",
        "fqn",
    ]
)


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a simple metric aggregates: of which shape, how, which SQL, by which dimension of time."""

    shape: Shape
    agg: str
    expr: str
    name: str
    params: Part | None
    time: str
    part: Part  # of the measure, or of the metric


def metrics_of(model: Model, shapes: Mapping[str, Shape]) -> None:
    """All metrics of the manifest into the model; what is not taken over is told."""
    _Metrics(model, shapes).all()


class _Metrics:
    def __init__(self, model: Model, shapes: Mapping[str, Shape]) -> None:
        self.model, self.shapes = model, shapes
        self.filters = Filters(shapes, model.dialect)
        self.parts: dict[str, Part] = {}
        self.ids: dict[str, str] = {}
        self.left: set[str] = set()
        self.making: list[str] = []
        self.variants: dict[tuple[str, tuple[str, ...]], str] = {}
        self.taken = set(model.ids)

    def all(self) -> None:
        for part in self.model.foreign.root.parts("metrics"):
            name = part.text("name")
            if not name or name in self.parts:
                why = "another one has its name" if name else "it has no name"
                self.model.foreign.leave(f"metric `{name}`", why, part.place)
                continue
            self.parts[name] = part
        for name in self.parts:  # names first: what is made for a part gives way
            self.ids[name] = fitting_name(name, self.taken, self.model.tool)
            self.taken.add(self.ids[name])
        for name, part in self.parts.items():
            try:
                self._metric(name)
            except LeftOut as left:
                self.model.foreign.leave(f"metric `{name}`", left.why, left.place or part.place)
                continue
            if self.ids[name] != name:
                self.model.foreign.note(f"metric `{name}`", f"it is called `{self.ids[name]}` here", part.place)

    def _metric(self, name: str) -> str:
        """The id of a metric, which is made where it is not yet. Raises LeftOut."""
        part = self.parts.get(name)
        if part is None:
            raise LeftOut(f"there is no metric `{name[:60]}`")
        if self.ids[name] in self.model.metrics:
            return self.ids[name]
        if name in self.making:
            raise LeftOut(f"it is made of itself: {' → '.join(f'`{one}`' for one in (*self.making, name))}")
        if name in self.left:
            raise LeftOut(f"`{name}` is not")
        if len(self.making) > 20:
            raise LeftOut("it is made of metrics that are made of others, more than 20 deep")
        self.making.append(name)
        try:
            with self.model.foreign.whole():
                entry = self._entry(part, self.ids[name], ())
        except LeftOut:
            self.left.add(name)
            raise
        finally:
            self.making.pop()
        self.model.metrics[self.ids[name]] = Made(entry, part.place)
        self._other_keys(name, part)
        return self.ids[name]

    def _other_keys(self, name: str, part: Part) -> None:
        """What of a metric says nothing here."""
        what, tell = f"metric `{name}`", self.model.foreign.note
        config = part.part("config")
        if config is not None and config.data("meta"):
            tell(what, "its `meta` is not kept", config.at("meta"))
        if part.text("time_granularity"):
            tell(what, "its `time_granularity` is not kept: reports say their `grain`", part.at("time_granularity"))
        for entry in part.node.entries:
            if entry.key.text not in _KEYS and part.has(entry.key.text):
                tell(what, f"its `{entry.key.text[:40]}` says nothing here", entry.key.span)

    def _entry(self, part: Part, id: str, more: tuple[Filter, ...]) -> dict[str, Any]:
        """The entry of a metric, with more filters than its own. Raises LeftOut."""
        kind = part.text("type")
        params = part.part("type_params")
        if params is None:
            raise LeftOut("it has no `type_params`")
        entry: dict[str, Any] = {"metric": id, "kind": "aggregate"}
        for key in ("label", "description"):
            if text := part.text(key):
                entry[key] = text
        filters = (*more, *_filters(part))
        if kind == "simple":
            return entry | self._simple(part, params, filters)
        if kind == "cumulative":
            return entry | self._cumulative(part, params, filters)
        if kind == "ratio":
            sides = {}
            for side in ("numerator", "denominator"):
                given = params.part(side)
                if given is None:
                    raise LeftOut(f"it has no `{side}`")
                sides[side] = self._input(given, id, filters)
            return entry | {"kind": "ratio"} | sides | {"unit": "ratio"}
        if kind == "derived":
            names: dict[str, str] = {}
            for given in params.parts("metrics"):
                names[given.text("alias") or given.text("name")] = self._input(given, id, filters)
            try:
                text = formula(params.text("expr"), self.model.dialect, names)
            except LeftOut as left:
                raise LeftOut(left.why, left.place or params.at("expr")) from None
            return entry | {"kind": "derived", "formula": text, "unit": "ratio"}
        if kind == "conversion":
            raise LeftOut("conversions of one event into another have no counterpart", part.at("type"))
        raise LeftOut(f"its type `{kind[:60]}` is none that is known", part.at("type"))

    def _input(self, given: Part, owner: str, filters: tuple[Filter, ...]) -> str:
        """The id of a metric that another one is made of, with filters. Raises LeftOut."""
        name = given.text("name")
        for key in ("offset_window", "offset_to_grain"):
            if given.has(key):
                what = f"it takes `{name}` of an earlier period (`{key}`)"
                raise LeftOut(f"{what}; `compare` of a report shows what was before", given.at(key))
        filters = (*filters, *_filters(given))
        if not filters:
            try:
                return self._metric(name)
            except LeftOut as left:
                inner = left.why if left.why.startswith("it is made of") else f"it is made of `{name}`, which is not"
                raise LeftOut(inner, given.place) from None
        same = (name, tuple(sorted(each.text for each in filters)))
        if same not in self.variants:
            part = self.parts.get(name)
            if part is None:
                raise LeftOut(f"there is no metric `{name[:60]}`", given.place)
            if name in self.making:
                raise LeftOut(f"it is made of itself: {' → '.join(f'`{one}`' for one in (*self.making, name))}")
            alias = given.text("alias") or name
            id = fitting_name(f"{owner}_{alias}", self.taken, self.model.tool)
            self.making.append(name)
            try:
                entry = self._entry(part, id, filters)
            finally:
                self.making.pop()
            entry["label"] = f"{part.text('label') or name} ({alias})" if alias != name else part.text("label") or name
            self.taken.add(id)
            self.model.metrics[id] = Made(entry, given.place)
            self.variants[same] = id
        return self.variants[same]

    def _counted(self, part: Part, params: Part, given: Part | None) -> _Counted:
        """What a simple metric aggregates, in either of the forms that manifests have it. Raises LeftOut."""
        if given is not None:
            name = given.text("name")
            shape = next((each for each in self.shapes.values() if name in each.measures), None)
            if shape is None:
                raise LeftOut(f"there is no measure `{name[:60]}`", given.place)
            measure = shape.measures[name]
            if measure.has("non_additive_dimension"):
                raise LeftOut(_SEMI, measure.at("non_additive_dimension"))
            expr = measure.text("expr") or name
            inner = measure.part("agg_params")
            time = measure.text("agg_time_dimension") or shape.time
            return _Counted(shape, measure.text("agg"), expr, name, inner, time, measure)
        told = params.part("metric_aggregation_params")
        if told is None:
            raise LeftOut("it says neither a measure nor what it aggregates")
        if told.has("non_additive_dimension"):
            raise LeftOut(_SEMI, told.at("non_additive_dimension"))
        model = self.shapes.get(told.text("semantic_model"))
        if model is None:
            raise LeftOut(f"there is no semantic model `{told.text('semantic_model')[:60]}`", told.at("semantic_model"))
        expr = params.text("expr") or told.text("expr") or part.text("name")
        time = told.text("agg_time_dimension") or model.time
        return _Counted(model, told.text("agg"), expr, part.text("name"), told.part("agg_params"), time, part)

    def _simple(self, part: Part, params: Part, filters: Sequence[Filter]) -> dict[str, Any]:
        given = params.part("measure")
        counted = self._counted(part, params, given)
        filters = (*filters, *(_filters(given) if given is not None else ()))
        for holder in (given, params):
            empty = holder.number("fill_nulls_with") if holder is not None else None
            if holder is not None and empty is not None and (empty != 0 or counted.agg not in _ADDING):
                how = "without rows sums and counts are 0 and other figures empty, whatever `fill_nulls_with` says"
                self.model.foreign.note(f"metric `{part.text('name')}`", how, holder.at("fill_nulls_with"))
        return self._aggregate(counted, filters) | {"time": self._time(counted)}

    def _time(self, counted: _Counted) -> str:
        shape = counted.shape
        found = shape.dimensions.get(counted.time)
        if found is None or counted.time not in shape.grains:
            raise LeftOut(
                f"no time is known by which it counts (`agg_time_dimension`: `{counted.time[:60]}`)", counted.part.place
            )
        return f"{shape.table.entity}.{found}"

    def _aggregate(self, counted: _Counted, filters: Sequence[Filter]) -> dict[str, Any]:
        """The keys of an aggregate but for its time. Raises LeftOut."""
        shape, agg, entity = counted.shape, counted.agg, counted.shape.table.entity
        conditions = [self.filters.condition(shape, each, counted.time) for each in filters]
        made: dict[str, Any] = {"entity": entity}

        def field(kind: str) -> str:
            times = (shape.table.fields[shape.dimensions[each]].sql for each in shape.grains)
            if kind == "number" and counted.expr in times:
                raise LeftOut(f"its aggregation `{agg}` is of times", counted.part.place)
            name = counted.expr if is_name(counted.expr) else counted.name
            return f"{entity}.{keep(self.model, shape.table, name, counted.part, kind, counted.expr)}"

        if agg == "count" or (agg == "sum" and counted.expr.strip() == "1"):
            made["aggregate"] = "count"
            if counted.expr.strip() != "*" and not counted.expr.strip().isdigit():
                conditions.append(f"{field('')} is not null")
        elif agg == "sum_boolean":
            made["aggregate"] = "count"
            conditions.append(field("boolean"))
        elif agg == "count_distinct":
            made |= {"aggregate": "count_distinct", "of": field("")}
        elif agg == "percentile":
            made |= {"aggregate": "percentile", "of": field("number"), "percentile": self._percentile(counted)}
        elif agg in _SAME:
            made |= {"aggregate": _SAME[agg], "of": field("number")}
        else:
            raise LeftOut(f"its aggregation `{agg[:60]}` is none that is known", counted.part.place)
        if conditions:
            made["where"] = conditions[0] if len(conditions) == 1 else " and ".join(f"({each})" for each in conditions)
        made["unit"] = "count" if made["aggregate"] in ("count", "count_distinct") else "ratio"
        return made

    def _percentile(self, counted: _Counted) -> float:
        params = counted.params
        share = params.number("percentile") if params is not None else None
        if params is None or share is None or not 0 < share < 1:
            raise LeftOut("it says no percentile between 0 and 1", counted.part.place)
        if params.flag("use_discrete_percentile"):
            what = "percentiles that are one of the values (`use_discrete_percentile`) have no counterpart"
            raise LeftOut(what, params.at("use_discrete_percentile"))
        if params.flag("use_approximate_percentile"):
            how = "its percentile is exact here, and not an approximation"
            self.model.foreign.note(f"`{counted.name}`", how, params.at("use_approximate_percentile"))
        return share

    def _cumulative(self, part: Part, params: Part, filters: Sequence[Filter]) -> dict[str, Any]:
        """A cumulative metric as a stock: what had come by the end of a stretch of time."""
        told = params.part("cumulative_type_params")
        given = params.part("measure")
        base, base_params = part, params
        inner = told.part("metric") if told is not None else None
        if given is None and inner is not None:
            found = self.parts.get(inner.text("name"))
            of_base = found.part("type_params") if found is not None else None
            if found is None or of_base is None or found.text("type") != "simple":
                raise LeftOut(f"it cumulates `{inner.text('name')[:60]}`, which is no simple metric", inner.place)
            base, base_params, given = found, of_base, of_base.part("measure")
            filters = (*filters, *_filters(found), *_filters(inner))
        counted = self._counted(base, base_params, given)
        filters = (*filters, *(_filters(given) if given is not None else ()))
        made, time = self._aggregate(counted, filters), self._time(counted)
        window = next((each.part("window") for each in (told, params) if each is not None and each.has("window")), None)
        grain = next(
            (each.text("grain_to_date") for each in (told, params) if each is not None and each.has("grain_to_date")),
            "",
        )
        conditions = [f"({made.pop('where')})"] if "where" in made else []
        conditions.append(f"{time} < as_of")
        if window is not None:
            count, unit = window.number("count"), window.text("granularity")
            if count is None or unit not in (*_DAYS, *_MONTHS) or count != int(count) or count < 1:
                what = "of its windows, those of days, weeks, months, quarters and years alone can be taken over"
                raise LeftOut(what, window.place)
            conditions.append(_within(time, int(count), unit))
        elif grain:
            conditions.append(_to_date(time, grain, params.place))
        self._last_day(part, told)
        return made | {"where": " and ".join(conditions), "stock": True}

    def _last_day(self, part: Part, told: Part | None) -> None:
        if told is not None and told.text("period_agg") not in ("", "last"):
            how = "of a month or another stretch of time its last day is shown (`period_agg: last`)"
            self.model.foreign.note(f"metric `{part.text('name')}`", how, told.at("period_agg"))


_ADDING = frozenset({"sum", "count", "sum_boolean", "count_distinct"})
_SEMI = "it is of the first or last rows of a time alone (`non_additive_dimension`), which has no counterpart"


def _within(time: str, count: int, unit: str) -> str:
    """That a time lies in the days, weeks or months up to the report's instant, which is the end of a day. Months are
    taken off that day, and not added to the time's: of a month's last days that is another thing."""
    if unit in _DAYS:
        return f"days_between({time}, as_of) <= {count * _DAYS[unit]}"
    last = "local_date(as_of - interval '1 second')"
    return f"local_date({time}) > {last} - interval '{count * _MONTHS[unit]} month'"


def _to_date(time: str, grain: str, place: Span) -> str:
    """That a time lies in the same stretch as the report's instant, which is the end of a day."""
    if grain == "day":
        return f"days_between({time}, as_of) <= 1"
    if grain == "month":
        return f"month_after(local_date({time})) >= as_of"
    if grain in ("week", "quarter", "year"):
        unit = {"week": "7 day", "quarter": "3 month", "year": "1 year"}[grain]
        return f"date_trunc('{grain}', cast({time} as date)) + interval '{unit}' >= as_of"
    raise LeftOut(f"`grain_to_date: {grain[:30]}` cannot be taken over", place)


def _filters(part: Part) -> tuple[Filter, ...]:
    """The filters of a metric, a measure or an input."""
    if isinstance(part.node.get("filter"), Scalar):  # as dbt 1.6 has it
        text = part.text("filter")
        return (Filter(text, part.at("filter")),) if text else ()
    told = part.part("filter")
    if told is None:
        return ()
    listed = [told] if told.has("where_sql_template") else told.parts("where_filters")
    return tuple(Filter(each.text("where_sql_template"), each.at("where_sql_template")) for each in listed)
