"""What may keep reports from being built, or make them wrong: the installation, the connection, the
rights, the tables and columns that the mapping expects, clocks, collations, versions.

What is looked at is a function that yields findings, each of which says what was seen and, where it is not
well, the way out; `source_findings` has them in their order. Nothing is changed.
"""

from __future__ import annotations

from reportspec.doctor.finding import Finding, Level
from reportspec.doctor.indexes import indexes
from reportspec.doctor.installation import installation
from reportspec.doctor.project_file import project_findings, project_place
from reportspec.doctor.source_findings import source

__all__ = ["Finding", "Level", "indexes", "installation", "project_findings", "project_place", "source"]
