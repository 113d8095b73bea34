"""The demo CRM that the package makes up itself, for a first report without any database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportspec.demo.columns import DemoTable

if TYPE_CHECKING:
    from reportspec.demo.generate import tables
    from reportspec.demo.landing import load

__all__ = ["DemoTable", "load", "tables"]


def __getattr__(name: str) -> Any:
    """Its columns are asked for far more often than its rows, which take long to import."""
    if name == "load":
        from reportspec.demo.landing import load

        return load
    if name == "tables":
        from reportspec.demo.generate import tables

        return tables
    raise AttributeError(name)
