"""What earlier audits of a project found: a file with a line of JSON for each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any

from reportspec.errors import ReportspecError
from reportspec.files import write_whole
from reportspec.lazy_dataclass import dataclass
from reportspec.model.audits import Audit, Outcome

PLACE = Path(".reportspec") / "audits.jsonl"  # in the project's folder
MOST_KEPT = 1_000  # audits


class HistoryError(ReportspecError):
    """The file of earlier audits cannot be read or written."""

    code = "bad-history"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was known last of each check, by its key: how many rows were broken; and of each entity how many records
    there were, and how many without an error. `at` is when the last audit was, None where there was none."""

    at: datetime | None = None
    broken: Mapping[str, int] = field(default_factory=dict)
    entities: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def change(self, outcome: Outcome) -> int | None:
        """How many more rows are broken than before; None where the check was not asked before."""
        before = self.broken.get(key_of(outcome))
        return None if before is None else outcome.broken - before

    def worse(self, outcome: Outcome) -> bool:
        """Whether more rows are broken than before, or any where nobody had asked."""
        change = self.change(outcome)
        return outcome.broken > 0 if change is None else change > 0


def key_of(outcome: Outcome) -> str:
    """What a check is known by from one audit to the next."""
    contract = outcome.check.contract
    return f"{outcome.check.id} {contract.of}" if contract is not None else outcome.check.id


def earlier(root: Path) -> Earlier:
    """What the audits before found. Raises HistoryError."""
    at, broken, entities = None, dict[str, int](), dict[str, tuple[int, int]]()
    for record in _records(root / PLACE):
        at = datetime.fromisoformat(record["at"])
        broken |= {name: int(count) for name, count in record["broken"].items()}
        entities |= {name: (int(rows), int(clean)) for name, (rows, clean) in record["entities"].items()}
    return Earlier(at, broken, entities)


def kept(root: Path, audit: Audit) -> None:
    """Add an audit to those before it. Raises HistoryError."""
    path = root / PLACE
    asked = [outcome for outcome in audit.outcomes if outcome.level != "not_applicable"]
    record = {
        "at": audit.at.isoformat(timespec="seconds"),
        "entities": {entity.entity: [entity.rows, entity.clean] for entity in audit.entities},
        "broken": {key_of(outcome): outcome.broken for outcome in asked},
    }
    lines = [json.dumps(one, ensure_ascii=False) for one in (*_records(path)[1 - MOST_KEPT :], record)]
    try:
        write_whole(path, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise HistoryError(f"the file of audits `{path}` cannot be written: {reason}") from None


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise HistoryError(f"the file of audits `{path}` cannot be read: {error}") from None
    records = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            datetime.fromisoformat(record["at"])
            _ = [int(count) for count in record["broken"].values()]
            _ = [(int(rows), int(clean)) for rows, clean in record["entities"].values()]
        except (ValueError, KeyError, TypeError, AttributeError):
            help = "remove the line, or move the file away to begin anew"
            raise HistoryError(f"line {number} of the file of audits `{path}` is no audit", help) from None
        records.append(record)
    return records
