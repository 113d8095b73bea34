"""A report's SQL for people to read."""

from __future__ import annotations

from reportspec.compile import statement_of
from reportspec.databases import dialect_named
from reportspec.diagnostics import one_line
from reportspec.evaluate.evaluate import formula
from reportspec.expression.trees import TWINS
from reportspec.model.column_ids import Member
from reportspec.model.query import AggregateQuery, Query
from reportspec.model.spec import Report, SectionSpec
from reportspec.plan import plan
from reportspec.sql.column_names import spelled
from reportspec.sql.dialect import sql_hash, sql_texts

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
    """All statements of a report, with what each column is. What people wrote (titles, texts of
    filters, names, formulas) stays within its line of comment, whatever signs it has."""
    lines = _remarks(
        [
            report.title,
            report.file,
            f"period: {report.period.start} to {report.period.end} "
            f"(excluded), as of {report.as_of.astimezone(report.binding.zone)}",
        ]
    )
    if report.compare:
        lines += _remarks([f"compared with: {report.compare.start} to {report.compare.end} (excluded)"])
    if report.second:
        other = report.second.period
        lines += _remarks([f"and with: {other.start} to {other.end} (excluded)"])
    lines += _remarks([f"filter: {text}" for text in report.filter_texts])
    if _may_be_loose(report, dialect):
        lines += _remarks(
            [
                "where a table has columns that hold different texts for equal (citext, COLLATE), what is run",
                "makes their texts compare byte for byte; no database is asked here, so it is not shown",
            ]
        )
    grains = {section.id: section for section in report.sections}
    for query in plan(report):
        lines += _listed(report, grains.get(query.section), query, dialect)
    return "\n".join(lines)


def _remarks(texts: list[str], indent: str = "") -> list[str]:
    """Lines of comment: what would end one is a blank."""
    return [f"-- {indent}{one_line(text)}" for text in texts]


def _may_be_loose(report: Report, dialect: str) -> bool:
    """Whether what is run may differ in how texts compare, by the columns that are found then."""
    source = report.project.source
    database = source.kind not in ("demo", "files")  # whose tables are made here
    return database and source.dialect == dialect and dialect_named(dialect).exact is not None


def _listed(report: Report, section: SectionSpec | None, query: Query, dialect: str) -> list[str]:
    tree = statement_of(report, query)
    purpose = query.purpose
    kind = f" ({section.kind})" if section is not None else ""
    words = _PURPOSES.get(purpose.partition(" ")[0], purpose)
    text, readable = sql_texts(tree, dialect_named(dialect), (False, True))
    glossary: list[str] = []
    if isinstance(query, AggregateQuery):
        glossary += [f"{spelled(Member(i))} = {d.name}" for i, d in enumerate(query.dimensions)]
        if query.bucketed:
            starts = ", ".join(str(b.start) for b in query.sides[0].buckets[:12])
            more = ", …" if len(query.sides[0].buckets) > 12 else ""
            grain = section.step if section is not None and purpose == "figures" else "step"
            glossary.append(f"bucket = {grain} from 0: {starts}{more}")
        metrics = report.binding.catalogue.metrics
        shown = section.metrics if section is not None and section.metrics else ()
        metrics_asked = shown or [metrics[m] for m in dict.fromkeys(m.metric for m in query.measures if m.metric)]
        glossary += [f"{m.id} = {formula(report, m)}" for m in metrics_asked]
        glossary += [f"{twin} is {same}" for twin, same in tree.meta.get(TWINS, {}).items()]
    else:
        glossary += [f"f{i} = {name}" for i, (name, _) in enumerate(query.fields)]
    head = f"section {query.section}{kind}: {words}; sql hash {sql_hash(text)}"
    return ["", *_remarks([head]), *_remarks(glossary, "  "), f"{readable};"]
