"""What earlier audits of a project found: a file with a line of JSON for each."""

from __future__ import annotations

import json
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from reportspec.errors import ReportspecError
from reportspec.files import alone, write_whole
from reportspec.model.audits import Audit, Earlier, key_of
from reportspec.problems import not_written

PLACE = Path(".reportspec") / "audits.jsonl"  # in the project's folder
LOCK = Path(".reportspec") / "lock"  # in the project's folder: audits change what stands there one after the other
BROKEN_OFF = Path(".reportspec") / "audits.broken.jsonl"  # lines of it that are only the beginning of one
MOST_KEPT = 1_000  # audits


class HistoryError(ReportspecError):
    """The file of earlier audits cannot be read or written."""

    code = "bad-history"


def earlier(root: Path, before: datetime) -> Earlier:
    """What the audits up to the day of `before`, in its zone, found: an audit of a past day is held against none of a
    later one. Raises HistoryError."""
    at, broken, entities = None, dict[str, int](), dict[tuple[str, str], tuple[int, int]]()
    measured: dict[str, list[tuple[datetime, float]]] = {}
    records, broken_off = _records(root / PLACE)
    days = [(datetime.fromisoformat(record["at"]).astimezone(before.tzinfo).date(), record) for record in records]
    # Of one day the one that was kept last says how it is.
    for day, record in sorted(days, key=itemgetter(0)):
        if day > before.date():
            break
        at = datetime.fromisoformat(record["at"])
        broken |= {name: int(count) for name, count in record["broken"].items()}
        for name, (rows, clean, *asked) in record["entities"].items():
            entities[name, str(*asked)] = (int(rows), int(clean))
        for name, value in record.get("measured", {}).items():
            measured.setdefault(name, []).append((at, float(value)))
    return Earlier(at, broken, entities, {name: tuple(values) for name, values in measured.items()}, broken_off)


def kept(root: Path, audit: Audit) -> None:
    """Add an audit to those before it, also while others do. A last line that somebody was stopped in writing is set
    aside first. Raises HistoryError."""
    asked = [outcome for outcome in audit.outcomes if outcome.level != "not_applicable"]
    record = {
        "at": audit.at.isoformat(timespec="seconds"),
        "entities": {entity.entity: [entity.rows, entity.clean, entity.asked] for entity in audit.entities},
        "broken": {key_of(outcome): outcome.broken for outcome in asked},
    }
    measured = {o.check.id: o.measured for o in audit.outcomes if o.measured is not None}
    record |= {"measured": measured} if measured else {}
    try:
        with alone(root / LOCK):
            records, broken_off = _records(root / PLACE)
            lines = [json.dumps(one, ensure_ascii=False) for one in (*records[1 - MOST_KEPT :], record)]
            if broken_off:
                aside = root / BROKEN_OFF
                before = aside.read_bytes() if aside.exists() else b""
                write_whole(aside, before + f"{broken_off}\n".encode())
            write_whole(root / PLACE, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        told = not_written(PLACE, error, by="")
        raise HistoryError(f"the audit is not kept: {told.message}", told.help) from None


def _records(path: Path) -> tuple[list[dict[str, Any]], str]:
    """The audits of a file, and what stands behind them of one that was not written to its end."""
    try:
        if path.exists() and not path.is_file():  # who reads a pipe waits for somebody to write into it
            raise HistoryError(f"the file of audits `{path}` is no file", "move it away to begin anew")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise HistoryError(f"the file of audits `{path}` cannot be read: {why}", "look who may read it") from None
    except UnicodeDecodeError:
        raise HistoryError(f"the file of audits `{path}` is no UTF-8", "move it away to begin anew") from None
    records = []
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    broken_off = lines[-1][1] if lines and not _is_json(lines[-1][1]) else ""
    for number, line in lines[:-1] if broken_off else lines:
        try:
            record = json.loads(line)
            datetime.fromisoformat(record["at"])
            _ = [int(count) for count in record["broken"].values()]
            _ = [(int(rows), int(clean), str(*asked)) for rows, clean, *asked in record["entities"].values()]
            _ = [float(value) for value in record.get("measured", {}).values()]
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            help = "remove the line, or move the file away to begin anew"
            raise HistoryError(f"line {number} of the file of audits `{path}` is no audit", help) from None
        records.append(record)
    return records, broken_off


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
