"""A report is known by the values of its params, however they are written: `n=2`, `n=2.0` and a default of 2 that
nobody set are one. Ledgers may have entries under any spelling, which are found as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from reportspec.deliver.ledger import Entry, Ledger
from reportspec.resolve.params import in_one_spelling


@dataclass(frozen=True, slots=True)
class Spelled:
    """A ledger that finds what a report was sent under other spellings of its params."""

    ledger: Ledger
    key: str
    others: tuple[str, ...]

    def find(self, report: str, period: str, recipient: str) -> Entry | None:
        found = (self.ledger.find(one, period, recipient) for one in self._names(report))
        return next((entry for entry in found if entry is not None), None)

    def last(self, report: str, recipient: str, period: str) -> Entry | None:
        found = [self.ledger.last(one, recipient, period) for one in self._names(report)]
        return max((entry for entry in found if entry is not None), key=lambda entry: entry.at, default=None)

    def _names(self, report: str) -> Iterator[str]:
        yield report
        if report.startswith(self.key):
            yield from (other + report.removeprefix(self.key) for other in self.others)

    def sender(self, report: str) -> AbstractContextManager[bool]:
        return self.ledger.sender(report)

    def put(self, entry: Entry) -> None:
        self.ledger.put(entry)

    def step(self, entry: Entry) -> None:
        self.ledger.step(entry)

    def entries(self, report: str | None = None, period: str | None = None) -> list[Entry]:
        return self.ledger.entries(report, period)

    def close(self) -> None:
        self.ledger.close()


def spelled(ledger: Ledger, file: str, key: str, declared: Mapping[str, Any]) -> Ledger:
    """The ledger for a report of a `file` that is known by a `key` and has params, `declared`."""
    if not declared:
        return ledger
    wanted = _settings(key.removeprefix(file), declared)
    known = {entry.report for entry in ledger.entries() if entry.report.startswith(file + "?")}
    others = {file + way for one in known for way in _ways(one.removeprefix(file))}
    same = (
        one for one in sorted(others - {key}) if _same(_settings(one.removeprefix(file), declared), wanted, declared)
    )
    found = tuple(same)
    return Spelled(ledger, key, found) if found else ledger


def _ways(told: str) -> Iterator[str]:
    """What may be the params of a key, behind which a value of `for_each` may stand in brackets."""
    yield told
    if told.endswith("]"):
        yield from (told[: found.start()] for found in re.finditer(r"\[", told))


def _settings(told: str, declared: Mapping[str, Any]) -> dict[str, str] | None:
    """The params in a key, or None where it has others."""
    if not told:
        return {}
    names = "|".join(re.escape(name) for name in sorted(declared, key=len, reverse=True))
    parts = re.split(rf"(?:^\?|&)({names})=", told, flags=re.DOTALL)
    return None if parts[0] else dict(zip(parts[1::2], parts[2::2], strict=True))


def _same(one: Mapping[str, str] | None, other: Mapping[str, str] | None, declared: Mapping[str, Any]) -> bool:
    if one is None or other is None:
        return False
    return in_one_spelling(declared, one) == in_one_spelling(declared, other)
