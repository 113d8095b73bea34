"""What is told of records that say something else than the last row of their history."""

from __future__ import annotations

from reportspec.diagnostics import Span
from reportspec.model.findings import Check, Finding
from reportspec.model.mapped import MappedField
from reportspec.resolve.binding import Binding
from reportspec.sql.broken_history import Kept, kept_by

_MOST = 0.8  # of records: from here on the history is read wrongly, and not only incomplete
_ENOUGH = 10  # records of which that is said
_VALUES = 0.9  # of what may change without a change of state: a history of states need not have it


def tells_of_history(binding: Binding, check: Check, count: int, of: int) -> bool:
    """Whether it is told that `count` of the `of` records of which both are known differ. A history of states that
    has amounts beside them has those of each change of state, and not each change of an amount."""
    history = binding.entity(check.entity).history
    assert history is not None
    if check.kind == "closed-in-history" or (check.field is not None and check.field.name == history.stage):
        return count > 0
    return of >= _ENOUGH and count >= _VALUES * of


def said_of_history(binding: Binding, finding: Finding) -> tuple[str, str]:
    """The message, and what is to be done."""
    check = finding.check
    kept, column = _kept(binding, check)
    label = binding.entity(check.entity)
    one, several = label.label["en"].lower(), label.plural["en"].lower()
    table = ".".join(piece.name for piece in binding.source.entities[kept.entity].parts[0].table.parts)
    if check.kind == "closed-in-history":
        are = f"1 {one} is" if finding.count == 1 else f"{finding.count:,} {several} are"
        return (
            f"{are} open by `{check.of}`, and by the last row of `{table}` in a stage that is won or lost: status and"
            " stage of them disagree",
            "look whether the history lacks the row by which they were opened again, or the record was not closed",
        )
    name = column.sql.name if column is not None and column.sql.name else kept.value
    message = (
        f"the last `{kept.entity}.{kept.value}` (column `{name}` of `{table}`) is not the {one}'s own `{check.of}` in"
        f" {finding.count:,} of {finding.rows:,} {several}: figures by the history are not those of the records"
    )
    if finding.rows >= _ENOUGH and finding.count >= _MOST * finding.rows:
        return (
            message,
            f"look whether `{name}` has the value before each change: `{kept.value}` is the one after it",
        )
    return message, "look whether the history lacks changes, or has wrong times; the rest of them is right"


def span_of_history(binding: Binding, check: Check) -> Span | None:
    """Where the mapping says which column of the history it is."""
    _, column = _kept(binding, check)
    return column.span if column is not None else None


def _kept(binding: Binding, check: Check) -> tuple[Kept, MappedField | None]:
    history = binding.entity(check.entity).history
    assert history is not None
    assert check.field is not None
    kept = kept_by(binding, check.entity, history.stage if check.kind == "closed-in-history" else check.field.name)
    assert kept is not None
    return kept, binding.mapped(kept.entity, kept.value)
