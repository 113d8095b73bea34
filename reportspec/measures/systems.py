"""The systems that hold customer data beside the CRM: what a project's list of them lacks, and what is overdue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from reportspec.measures.audit_wording import words
from reportspec.model.settings import System


def to_do(system: System, today: date, language: str, written: Callable[[date], str] = date.isoformat) -> list[str]:
    """What is missing of a system or overdue, in words, days as they are `written`; nothing where all is well."""
    return list(_to_do(system, today, language, written))


def _to_do(system: System, today: date, language: str, written: Callable[[date], str]) -> Iterator[str]:
    if not system.owner.strip():
        yield words(language, "no_system_owner")
    if not system.access:
        yield words(language, "no_access")
    for kind, last, every in (
        ("review", system.reviewed, system.review_every),
        ("training", system.trained, system.train_every),
    ):
        if last is None:
            yield words(language, f"never_{kind}")
        elif last > today:
            yield words(language, f"{kind}_ahead", written(last))
        elif last + timedelta(days=every) < today:
            yield words(language, f"{kind}_overdue", written(last + timedelta(days=every)))
