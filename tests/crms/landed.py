"""A CRM's tables as a connector lands them, read through its shipped mapping."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reportspec.building import run_report
from reportspec.catalogue.load import packaged
from reportspec.compile import compile_report
from reportspec.databases import dialect_named
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed, need_metric
from reportspec.run.connect import connect
from reportspec.run.connection import Wanted
from reportspec.sql.dialect import sql_text
from reportspec.sql.statement import Statement
from tests.loading import load_report

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Row = dict[str, Any]
IN_ONE = 12  # metrics of a section


def table(columns: str, *rows: str) -> list[Row]:
    """A table from its column names and rows of values between `|`; an empty value is None."""
    names = columns.split()
    found = []
    for row in rows:
        values = [value.strip() or None for value in row.split("|")]
        found.append(dict(zip(names, values, strict=True)))
    return found


def write_tables(folder: Path, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """One CSV file for each table, with the columns of its first row; None is an empty value."""
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def write_project(
    folder: Path,
    files: Mapping[str, str | Path],
    crm: str = "",
    mapping: str = "",
    currency: str = "EUR",
) -> Landed:
    """A project over tables in files, with a shipped mapping or with one of its own."""
    lines = [f"    {table}: {path}\n" for table, path in files.items()]
    if mapping:
        (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource:\n  files:\n"
        + "".join(lines)
        + (f"crm: {crm}\n" if crm else "mapping: mapping.yaml\n")
        + f"timezone: UTC\nlocale: en_GB\ncurrency: {currency}\n",
        encoding="utf-8",
    )
    return Landed(folder)


@dataclass(frozen=True, slots=True)
class Landed:
    """A project's folder, and what can be asked of it."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    _checked: dict[str, Any] = field(default_factory=dict)  # the report that asks for nothing
    _ran: dict[str, set[str]] = field(default_factory=dict)  # by period

    def report(self, text: str) -> Any:
        """The checked report of a spec; a spec with mistakes fails the test."""
        spec = self.folder / "asked.yaml"
        spec.write_text(text, encoding="utf-8")
        checked = load_report(spec, NOW, self.environment)
        assert not checked.broken, [str(problem) for problem in checked.diagnostics]
        return checked.report

    def nothing(self) -> Any:
        """A report that asks for nothing, for what it knows of the source."""
        if not self._checked:
            self._checked["report"] = self.report("version: 1\nsections:\n  - text: nothing\n")
        return self._checked["report"]

    def binding(self) -> Binding:
        """The catalogue bound to the project's source."""
        binding = self.nothing().binding
        assert isinstance(binding, Binding)
        return binding

    def rows(self, entity: str, *fields: str) -> list[Row]:
        """An entity's rows as they are today, by those of its fields or all that are mapped."""
        report = self.nothing()
        binding = report.binding
        names = fields or tuple(binding.source.entities[entity].fields)
        statement = Statement(binding)
        cte = statement.rows_only(entity)
        for name in names:
            statement.need(cte, name)
        tree = statement.rows_tree(cte)
        connection = connect(
            report.project.source,
            Wanted(
                statement.reads(),
                binding.source.csv_columns == "text",
                str(binding.source_zone),
                reads=binding.source.reads,
            ),
        )
        try:
            table = connection.run(sql_text(tree, dialect_named("duckdb")))
        finally:
            connection.close()
        return table.dicts()

    def by(self, entity: str, key: str, *fields: str) -> dict[Any, Any]:
        """An entity's rows by one of its fields: the one other field's value, or a tuple."""
        found = {}
        for row in self.rows(entity, key, *fields):
            values = tuple(row[name] for name in fields)
            found[row[key]] = values[0] if len(values) == 1 else values
        return found

    def figures(self, section: str, period: str, zone: str = "UTC") -> Any:
        """The figures of a spec with one section (or several), over a period of days in a time zone."""
        head = f"version: 1\ntimezone: {zone}\nperiod: {period}\n"
        report = self.report(f"{head}sections:\n  - {section}\n")
        return run_report(compile_report(report))

    def kpis(self, metrics: Iterable[str], period: str, zone: str = "UTC") -> dict[str, Any]:
        """The values of metrics over a period of days in a time zone."""
        names = list(metrics)
        figures = self.figures("{id: asked, kpis: [" + ", ".join(names) + "]}", period, zone)
        (section,) = (each for each in figures.sections if each.id == "asked")
        return {kpi.column.metric: kpi.value for kpi in section.kpis}

    def run(self, metric: str, period: str, refused: Collection[str] = ()) -> None:
        """Have a metric computed: those that compare rows in a breakdown, others as a figure.

        All that the source serves are computed in one report, a dozen of one entity in a section, as opening a
        source and asking it takes longer than a figure; one that fails, or that is known to be `refused`, is computed
        alone."""
        if period not in self._ran:
            self._ran[period] = self._all(period, refused)
        if metric not in self._ran[period]:
            self._sections([metric], period)

    def _all(self, period: str, refused: Collection[str]) -> set[str]:
        binding = self.binding()
        served = [name for name in metric_ids() if name not in refused and can_serve(binding, name)]
        return self._computed(served, period)

    def _computed(self, metrics: list[str], period: str) -> set[str]:
        """Those of metrics that can be computed: of many that fail together, those of each half."""
        with suppress(Exception):
            return self._sections(metrics, period)
        half = len(metrics) // 2
        return self._computed(metrics[:half], period) | self._computed(metrics[half:], period) if half else set()

    def _sections(self, metrics: list[str], period: str) -> set[str]:
        """Compute metrics; which were."""
        catalogue = self.binding().catalogue
        parts = [name for name in metrics if catalogue.metrics[name].kind in ("share", "relative")]
        kpis = sorted({*metrics} - {*parts}, key=self._beside)
        sections = [self._by_parts(name) for name in parts]
        for at in range(0, len(kpis), IN_ONE):
            sections.append(f"{{id: part_{at}, kpis: [{', '.join(kpis[at : at + IN_ONE])}]}}")
        made = self.figures("\n  - ".join(sections), period).sections
        computed = {section.id for section in made if section.id in parts}
        computed |= {str(kpi.column.metric) for section in made for kpi in section.kpis}
        assert computed == {*metrics}
        return computed

    def _beside(self, metric: str) -> tuple[list[str], str]:
        """Metrics of the same entities beside one another: in one section they share statements."""
        catalogue = self.binding().catalogue
        return sorted({part.entity for part in metrics_needed(catalogue, catalogue.metrics[metric])}), metric

    def _by_parts(self, metric: str) -> str:
        """A metric that compares rows with one another, in a breakdown by some field of its entity."""
        binding = self.binding()
        entity = metrics_needed(binding.catalogue, binding.catalogue.metrics[metric])[0].entity
        by = next(f.id for f in binding.fields(entity) if _given(binding, entity, f.name))
        return f"{{id: {metric}, breakdown: {{metrics: [{metric}], by: [{by}]}}}}"


def _given(binding: Binding, entity: str, name: str) -> bool:
    try:
        binding.need(entity, name)
    except Unresolved:
        return False
    return True


def metric_ids() -> list[str]:
    """All metrics of the catalogue."""
    return sorted(packaged().metrics)


def can_serve(binding: Binding, metric: str) -> bool:
    """Whether the source gives all that a metric reads."""
    try:
        need_metric(binding, binding.catalogue.metrics[metric])
    except Unresolved:
        return False
    return True
