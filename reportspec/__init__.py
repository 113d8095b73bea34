"""Compile declarative CRM report specs into SQL, figures and PDF reports."""

__version__ = "0.1.0"
