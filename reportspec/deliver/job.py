"""A report that is to be sent: what all steps of it read, and what it and its parts are called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reportspec.burst.values import Value
from reportspec.deliver.outcome import SendOptions
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Figures
from reportspec.model.mail import Delivery, Form, Mail
from reportspec.model.spec import Report
from reportspec.naming import known_as, slug
from reportspec.resolve.params import in_one_spelling

OUTLET = "outlet:"  # recipients that are ways out
EVERYBODY = "*"  # the recipient that stands for all, of which the figures last sent are kept


@dataclass(frozen=True, slots=True)
class Job:
    """A report, how it leaves, the text of its spec, and what was asked of the run."""

    report: Report
    delivery: Delivery
    spec_text: str
    options: SendOptions

    @property
    def settings(self) -> Mail:
        """How the project sends."""
        return self.report.project.mail

    @property
    def mailed(self) -> bool:
        """Whether anybody gets it as a mail."""
        return bool(self.delivery.to or self.delivery.cc or self.delivery.bcc)

    @property
    def forms(self) -> tuple[Form, ...]:
        """What files are made."""
        return self.delivery.attach or (("pdf",) if self.delivery.also else ())

    @property
    def file(self) -> str:
        """What its spec is known by in the ledger."""
        return known_as(self.report.file, self.report.project.root, {})

    @property
    def name(self) -> str:
        """What the report is known by in the ledger: its spec and params."""
        report = self.report
        return known_as(report.file, report.project.root, in_one_spelling(report.declared, report.settings))

    @property
    def period(self) -> str:
        """What its period is known by in the ledger."""
        return f"{self.report.period.start.isoformat()}/{self.report.period.end.isoformat()}"

    @property
    def first_day(self) -> str:
        """Its period in names of files."""
        return f"{self.report.period.start.isoformat()}"

    @property
    def stem(self) -> str:
        """Its spec in names of files."""
        return slug(Path(self.report.file).stem)

    def key(self, value: str) -> str:
        """What the report of a value is known by in the ledger."""
        return f"{self.name}[{value}]" if value else self.name

    def file_stem(self, part: str) -> str:
        """What the files of a value's report are called, whose value is a `part` there."""
        return "-".join(filter(None, (self.stem, self.first_day, part)))


@dataclass(frozen=True, slots=True)
class ValueReport:
    """The report of one value (`""` where it is one for all), with its files by name."""

    of: Value
    figures: Figures
    files: Mapping[str, bytes]

    @property
    def value(self) -> str:
        """Whose report it is."""
        return self.of.value

    @property
    def statements(self) -> tuple[str, ...]:
        """Digests of the statements that it was made of."""
        return tuple(statement.sql_hash for statement in self.figures.statements)
