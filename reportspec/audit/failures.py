"""Broken rows of checks that store them (`store_failures`): a file for each in the project's folder, which the next
audit replaces."""

from __future__ import annotations

import io
from pathlib import Path

from reportspec.csv_lines import csv_writer
from reportspec.files import write_whole
from reportspec.model.audits import Audit, Outcome
from reportspec.render.attachments import marked

PLACE = Path(".reportspec") / "failures"  # in the project's folder


def store_failures(root: Path, audit: Audit) -> list[Path]:
    """Write the broken rows of each check that stores them and was asked, without any where none is broken. Raises
    OSError."""
    written = []
    for outcome in audit.outcomes:
        if not outcome.check.store_failures or outcome.level == "not_applicable" or not outcome.check.of_rows:
            continue
        path = root / PLACE / f"{outcome.check.id}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, _csv(outcome).encode())
        path.chmod(0o600)  # values of persons stand in it as they are
        written.append(path)
    return written


def _csv(outcome: Outcome) -> str:
    """The rows with a header: their keys, and the fields that the check is about. Text that a spreadsheet would take
    for a formula is marked as text."""
    fields = list(dict.fromkeys(path for failure in outcome.failures for path, _ in failure.values))
    buffer = io.StringIO()
    writer = csv_writer(buffer)
    writer.writerow(["key", "name", *fields])
    for failure in outcome.failures:
        values = dict(failure.values)
        writer.writerow([marked(cell) for cell in (failure.key, failure.called, *(values.get(f, "") for f in fields))])
    return buffer.getvalue()
