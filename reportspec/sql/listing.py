"""A report's SQL for people to read."""

from __future__ import annotations

from reportspec.check.model import Report, SectionSpec
from reportspec.evaluate.evaluate import formula
from reportspec.plan.plan import section_queries
from reportspec.plan.queries import AggregateQuery
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.dialect import sql_hash, sql_text
from reportspec.sql.records import records_statement

_PURPOSES = {
    "figures": "its rows",
    "totals": "what must be computed over all rows again",
    "buckets": "its sparklines",
}


def listing(report: Report, dialect: str) -> str:
    """All statements of a report, with what each column is."""
    lines = [f"-- {report.title}", f"-- {report.file}",
             f"-- period: {report.period.start} to {report.period.end} (excluded), as of {report.as_of.astimezone(report.binding.zone)}"]  # fmt: skip
    if report.compare:
        lines.append(f"-- compared with: {report.compare.start} to {report.compare.end} (excluded)")
    lines += [f"-- filter: {text}" for text in report.filter_texts]
    for section in report.sections:
        lines += _section(report, section, dialect)
    return "\n".join(lines)


def _section(report: Report, section: SectionSpec, dialect: str) -> list[str]:
    lines = []
    for query in section_queries(report, section):
        aggregate = isinstance(query, AggregateQuery)
        tree = (
            aggregate_statement(report.binding, query)
            if isinstance(query, AggregateQuery)
            else records_statement(report.binding, query)
        )
        purpose = query.purpose if isinstance(query, AggregateQuery) else "figures"
        lines += [
            "",
            f"-- section {section.id} ({section.kind}): {_PURPOSES[purpose]}; sql hash {sql_hash(sql_text(tree, dialect))}",
        ]
        if isinstance(query, AggregateQuery):
            lines += [f"--   d{i} = {d.name}" for i, d in enumerate(query.dimensions)]
            if query.bucketed:
                starts = ", ".join(str(b.start) for b in query.sides[0].buckets[:12])
                more = ", …" if len(query.sides[0].buckets) > 12 else ""
                lines.append(
                    f"--   bucket = {section.grain if purpose == 'figures' else 'step'} from 0: {starts}{more}"
                )
            lines += [
                f"--   {m.id} = {' '.join(formula(report, m).split())}" for m in section.metrics
            ]
        elif not aggregate:
            lines += [f"--   f{i} = {name}" for i, (name, _) in enumerate(query.fields)]
        lines += [sql_text(tree, dialect, pretty=True) + ";"]
    return lines
