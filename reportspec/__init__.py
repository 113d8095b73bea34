"""Compile declarative CRM report specs into SQL, figures and PDF reports.

import reportspec

report = reportspec.build("specs/q3.yaml")
report.save("out")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportspec.version import __version__

if TYPE_CHECKING:
    from reportspec.api import Report, ReportError, build, build_each, send, status, validate

__all__ = [
    "Report",
    "ReportError",
    "__version__",
    "build",
    "build_each",
    "send",
    "status",
    "validate",
]


def __getattr__(name: str) -> Any:
    """The functions are loaded when they are asked for: the command line starts without them."""
    if name in __all__:
        from reportspec import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
