"""Metrics by reference: an id, the id of a variant, and values for its options.

    close_rate                      the metric
    close_rate.by_value             its variant
    renewal_rate(grace_days=45)     with an option
    sales_cycle_days.median         every mean has median, p75, p90, min, max, sum and n

A variant is the metric with some of its keys replaced, so that what they share is written once.
Metrics are built when they are first asked for: a report uses few of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from reportspec.languages import With, word
from reportspec.lazy_dataclass import dataclass
from reportspec.lazy_pattern import lazy_pattern
from reportspec.model.domain import Metric

REFERENCE = lazy_pattern(r"^([a-z][a-z0-9_]*)((?:\.[a-z][a-z0-9_]*)*)(?:\(([^()]*)\))?$")
_OPTION = lazy_pattern(r"\boptions\.([a-z][a-z0-9_]*)")
_EXPRESSIONS = ("of", "where", "time", "rate_before")  # of an aggregate, which may read options
_PAIR = lazy_pattern(r"^\s*([a-z][a-z0-9_]*)\s*=\s*(-?[0-9]+(?:\.[0-9]+)?)\s*$")
LARGEST_OPTION = 100_000  # days of nearly three centuries
FINEST_OPTION = 6  # decimals
MOST_MADE = 2_000  # metrics by their references that are kept: some hundreds ship, and options have any value

# What can be asked of every mean besides the mean itself.
STATISTICS: Mapping[str, Mapping[str, Any]] = {
    "median": {"aggregate": "median"},
    "p75": {"aggregate": "percentile", "percentile": 0.75},
    "p90": {"aggregate": "percentile", "percentile": 0.9},
    "min": {"aggregate": "min"},
    "max": {"aggregate": "max"},
    "sum": {"aggregate": "sum", "direction": "neutral"},
    "n": {"aggregate": "count", "unit": "count", "direction": "neutral"},
}


class UnknownMetric(KeyError):
    """No such metric, variant or option. `part` is what is wrong, `known` what there is."""

    def __init__(self, part: str, known: tuple[str, ...], what: str) -> None:
        super().__init__(part)
        self.part, self.known, self.what = part, known, what


@dataclass(frozen=True, slots=True)
class Reference:
    """A metric's reference, taken apart."""

    metric: str
    variants: tuple[str, ...] = ()
    options: tuple[tuple[str, float], ...] = ()

    @property
    def id(self) -> str:
        """The reference in its one normal form."""
        options = ",".join(f"{name}={in_digits(value)}" for name, value in self.options)
        return ".".join((self.metric, *self.variants)) + (f"({options})" if options else "")


def in_digits(value: float) -> str:
    """An option's value as it is written: all its digits, no exponent."""
    return f"{value:.{FINEST_OPTION}f}".rstrip("0").rstrip(".") or "0"


def reference(text: str) -> Reference:
    """A reference from its text. Raises UnknownMetric for what is none."""
    match = REFERENCE.match(text.strip())
    if match is None:
        raise UnknownMetric(text, (), "metric")
    options = []
    for pair in (match[3] or "").split(","):
        if not pair.strip():
            continue
        pair_match = _PAIR.match(pair)
        if pair_match is None:
            raise UnknownMetric(pair.strip(), (), "number")
        value, decimals = float(pair_match[2]), len(pair_match[2].partition(".")[2])
        if abs(value) > LARGEST_OPTION or decimals > FINEST_OPTION:
            raise UnknownMetric(pair.strip(), (), "size")
        options.append((pair_match[1], value))
    variants = tuple(part for part in match[2].split(".") if part)
    return Reference(match[1], variants, tuple(sorted(options)))


def specified(data: Mapping[str, Any], wanted: Reference) -> dict[str, Any]:
    """A metric's data with the variants and options of a reference applied; `options` then holds
    the value of each. Raises UnknownMetric."""
    spec = _varied(data, wanted.variants)
    declared = _options(data, spec)
    values = {name: float(option["default"]) for name, option in declared.items()}
    for name, value in wanted.options:
        if name not in declared:
            raise UnknownMetric(name, tuple(declared), "option")
        values[name] = value
    spec["metric"], spec["options"] = wanted.id, values
    return spec


def _varied(data: Mapping[str, Any], variants: Iterable[str]) -> dict[str, Any]:
    """A metric's data with variants applied. Raises UnknownMetric."""
    spec = {key: value for key, value in data.items() if key not in ("variants", "options")}
    own = data.get("variants") or {}
    for name in variants:
        if name in own:
            spec = _patched(spec, own[name])
        elif name in STATISTICS and spec.get("aggregate") == "average":
            spec = _statistic(spec, name)
        else:
            raise UnknownMetric(name, variant_names(data), "variant")
    return spec


def _options(data: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a metric has with its variants: a variant that does not read one has none, so that nobody sets
    what changes nothing. What is made of other metrics hands its own on to them."""
    declared = data.get("options") or {}
    if spec.get("kind") != "aggregate":
        return dict(declared)
    read = {name for key in _EXPRESSIONS for name in _OPTION.findall(str(spec.get(key) or ""))}
    return {name: option for name, option in declared.items() if name in read}


def variant_names(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The variants of a metric, its own first."""
    variants = tuple(data.get("variants") or ())
    return variants + tuple(STATISTICS) if data.get("aggregate") == "average" else variants


def _patched(spec: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    result = {**spec, **{k: v for k, v in patch.items() if k != "narrow"}}
    if patch.get("stock"):
        result.pop("time", None)
    if patch.get("time"):
        result.pop("stock", None)
    if patch.get("narrow"):
        before = result.get("where")
        result["where"] = f"({before}) and ({patch['narrow']})" if before else patch["narrow"]
    return result


def _statistic(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    label = _by_language(spec.get("label"), str(spec["metric"]))
    relabelled = With(label, lambda text, language: f"{text} ({word(language, 'statistics', name)})")
    described = {}
    if spec.get("description"):
        # What a mean is said to be goes on saying so: what stands in its place is said before it.
        text = _by_language(spec["description"], "")
        described["description"] = With(
            text,
            lambda text, language: capital(
                word(language, "evaluation", "statistic_of", word(language, "statistics", name), text)
            ),
        )
    return {**spec, **STATISTICS[name], "label": relabelled, **described}


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _by_language(value: Any, name: str) -> Mapping[str, str]:
    if isinstance(value, str):
        return {"en": value}
    return value or {"en": name.replace("_", " ").capitalize()}


@dataclass(frozen=True, slots=True, eq=False)
class Library(Mapping[str, Metric]):
    """Metrics by reference, built on first use. Iterating gives the ids without variants."""

    data: Mapping[str, Mapping[str, Any]]
    build: Callable[[Mapping[str, Any], Library], Metric]
    _made: dict[str, Metric] = field(default_factory=dict)

    def __getitem__(self, text: str) -> Metric:
        return self._made.get(text) or self._make(text)

    def _make(self, text: str) -> Metric:
        wanted = reference(text)
        if wanted.metric not in self.data:
            raise UnknownMetric(wanted.metric, tuple(self.data), "metric")
        metric = self.build(specified(self.data[wanted.metric], wanted), self)
        metric = self._made[text] = self._made.setdefault(wanted.id, metric)
        while len(self._made) > MOST_MADE:  # the oldest goes; who asks for it again gets one like it
            self._made.pop(next(iter(self._made)), None)
        return metric

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def variants(self, metric: str) -> tuple[str, ...]:
        """The names of a metric's own variants."""
        return tuple(self.data[metric].get("variants") or ())

    def passed(self, name: str, options: Mapping[str, float]) -> str:
        """The reference to a part of a metric that hands on its options to it."""
        wanted = reference(name)
        data = self.data[wanted.metric]
        declared = _options(data, _varied(data, wanted.variants))
        chosen = dict(wanted.options)
        for option, value in options.items():
            if option in declared and option not in chosen and value != declared[option]["default"]:
                chosen[option] = value
        return Reference(wanted.metric, wanted.variants, tuple(sorted(chosen.items()))).id
