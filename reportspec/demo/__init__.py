"""The demo CRM that the package makes up itself, for a first report without any database."""

from reportspec.demo.columns import DemoTable
from reportspec.demo.generate import tables
from reportspec.demo.loading import load

__all__ = ["DemoTable", "load", "tables"]
