"""Specs read and checked, as tests ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from reportspec.building import Order, load
from reportspec.check.report import Checked


def load_report(
    path: Path, now: datetime, environment: Mapping[str, str], *, name: str | None = None, **more: Any
) -> Checked:
    """A spec as the order says that these make."""
    return load(path, Order(now, environment, **more), name)
