"""A report is known by the values of its params, however they are written: `n=2`, `n=2.0` and a default of 2 that
nobody set are one. Ledgers may have entries under any spelling, which are found as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reportspec.deliver.ledger import Entry, Ledger
from reportspec.resolve.params import in_one_spelling


class Spelled(Ledger):
    """A ledger that finds what a report was sent under other spellings of its params."""

    def __init__(self, ledger: Ledger, key: str, others: tuple[str, ...]) -> None:
        super().__init__(ledger.store)
        self._key, self._others = key, others

    def find(self, report: str, period: str, recipient: str) -> Entry | None:
        """The entry of a key, or of one that means the same."""
        entries = (Ledger.find(self, name, period, recipient) for name in self._names(report))
        return next((entry for entry in entries if entry is not None), None)

    def last(self, report: str, recipient: str, period: str) -> Entry | None:
        """What a recipient was sent last of a report under any of its names."""
        entries = [Ledger.last(self, name, recipient, period) for name in self._names(report)]
        return max((entry for entry in entries if entry is not None), key=lambda entry: entry.at, default=None)

    def _names(self, report: str) -> Iterator[str]:
        yield report
        if report.startswith(self._key):
            yield from (other + report.removeprefix(self._key) for other in self._others)


def spelled(ledger: Ledger, file: str, key: str, declared: Mapping[str, Any]) -> Ledger:
    """The ledger for a report of a `file` that is known by a `key` and has params, `declared`."""
    if not declared:
        return ledger
    wanted = _settings(key.removeprefix(file), declared)
    known = {entry.report for entry in ledger.entries() if entry.report.startswith(file + "?")}
    others = {file + way for key in known for way in _ways(key.removeprefix(file))}
    same = tuple(
        name for name in sorted(others - {key}) if _same(_settings(name.removeprefix(file), declared), wanted, declared)
    )
    return Spelled(ledger, key, same) if same else ledger


def _ways(told: str) -> Iterator[str]:
    """What may be the params of a key, behind which a value of `for_each` may stand in brackets."""
    yield told
    if told.endswith("]"):
        yield from (told[: match.start()] for match in re.finditer(r"\[", told))


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
