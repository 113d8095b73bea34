"""A report's SQL for people to read."""

from __future__ import annotations

from reportspec.check.model import Report, SectionSpec
from reportspec.evaluate.evaluate import formula
from reportspec.plan.plan import plan
from reportspec.plan.queries import AggregateQuery, Query
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.build import TWINS
from reportspec.sql.dialect import sql_hash, sql_text
from reportspec.sql.records import records_statement

_PURPOSES = {
    "figures": "its rows",
    "totals": "what must be computed over all rows again",
    "buckets": "its sparklines",
    "then": "as it stood when a past period began",
    "came": "what came in a past period",
    "compare": "values to compare",
    "share": "parts of a whole",
    "subtotals": "the rows that sum up groups",
}


def listing(report: Report, dialect: str) -> str:
    """All statements of a report, with what each column is."""
    lines = [f"-- {report.title}", f"-- {report.file}",
             f"-- period: {report.period.start} to {report.period.end} (excluded), as of {report.as_of.astimezone(report.binding.zone)}"]  # fmt: skip
    if report.compare:
        lines.append(f"-- compared with: {report.compare.start} to {report.compare.end} (excluded)")
    lines += [f"-- filter: {text}" for text in report.filter_texts]
    grains = {section.id: section for section in report.sections}
    for query in plan(report):
        lines += _listed(report, grains.get(query.section), query, dialect)
    return "\n".join(lines)


def _listed(report: Report, section: SectionSpec | None, query: Query, dialect: str) -> list[str]:
    if isinstance(query, AggregateQuery):
        tree, purpose = aggregate_statement(report.binding, query), query.purpose
    else:
        tree, purpose = records_statement(report.binding, query), "figures"
    kind = f" ({section.kind})" if section is not None else ""
    said = _PURPOSES.get(purpose.partition(" ")[0], purpose)
    text = sql_text(tree, dialect)
    lines = ["", f"-- section {query.section}{kind}: {said}; sql hash {sql_hash(text)}"]
    if isinstance(query, AggregateQuery):
        lines += [f"--   d{i} = {d.name}" for i, d in enumerate(query.dimensions)]
        if query.bucketed:
            starts = ", ".join(str(b.start) for b in query.sides[0].buckets[:12])
            more = ", …" if len(query.sides[0].buckets) > 12 else ""
            grain = section.grain if section is not None and purpose == "figures" else "step"
            lines.append(f"--   bucket = {grain} from 0: {starts}{more}")
        metrics = report.binding.catalogue.metrics
        shown = section.metrics if section is not None and section.metrics else ()
        asked = shown or [metrics[m] for m in dict.fromkeys(m.metric for m in query.measures)]
        lines += [f"--   {m.id} = {' '.join(formula(report, m).split())}" for m in asked]
        lines += [f"--   {twin} is {same}" for twin, same in tree.meta.get(TWINS, {}).items()]
    else:
        lines += [f"--   f{i} = {name}" for i, (name, _) in enumerate(query.fields)]
    return [*lines, sql_text(tree, dialect, pretty=True) + ";"]
