"""`reportspec audit`."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, format_option, messages_option, today_option
from reportspec.cli.orders import OrderOptions
from reportspec.cli.printing import Messages, give_to, put
from reportspec.cli.spec_files import spec_files

if TYPE_CHECKING:
    from reportspec.audit.project_audit import ProjectAudit
    from reportspec.building import Order
    from reportspec.model.audits import Audit, Earlier

_LEVELS = {"error": ("error",), "warning": ("error", "warning"), "never": ()}


@click.command()
@click.argument("paths", nargs=-1, type=FilePath(path_type=Path))
@click.option(
    "--project",
    type=FilePath(path_type=Path, exists=True),
    help="The project file or its folder; without it, the nearest above the specs or the present folder.",
)
@click.option("--entity", metavar="NAME", help="Only the records of this entity: deal, contact, …")
@click.option(
    "--fail-on",
    type=click.Choice(tuple(_LEVELS)),
    default="error",
    show_default=True,
    help="What makes the command end with 1.",
)
@click.option(
    "--changed-since",
    type=click.Choice(["last"]),
    help="Only what is worse than when it was last looked at, or new.",
)
@format_option(("table", "json", "junit", "md", "pdf"), "How the audit is printed; a PDF is written to --out.")
@click.option(
    "--examples",
    type=click.IntRange(0, 1000),
    default=3,
    show_default=True,
    help="How many broken records of each check are shown.",
)
@click.option(
    "--repairs",
    type=FilePath(path_type=Path, file_okay=False),
    help="Write lists of the records to mend into this folder, one for each owner, with their values whole.",
)
@click.option(
    "--repairs-as",
    type=click.Choice(["csv", "xlsx"]),
    default="csv",
    show_default=True,
    help="What the lists are.",
)
@click.option(
    "--propose",
    is_flag=True,
    help="Print the checks that the data propose (a field that another one determines) as a file of `audits/`.",
)
@click.option("--show-personal", is_flag=True, help="Show emails, names and phone numbers whole.")
@click.option("-o", "--out", type=FilePath(path_type=Path, dir_okay=False), help="Write to this file.")
@today_option
@messages_option
def audit(
    paths: tuple[Path, ...],
    project: Path | None,
    entity: str | None,
    fail_on: str,
    changed_since: str | None,
    form: str,
    examples: int,
    repairs: Path | None,
    repairs_as: Literal["csv", "xlsx"],
    propose: bool,
    show_personal: bool,
    out: Path | None,
    today: datetime | None,
    messages: str,
) -> None:
    """Look for what is wrong with the records of a project's source.

    With specs, only what their figures are made of is looked at. What was found is kept beside the project, so that
    the next audit says what got better or worse. Exits with 1 if a check of severity error fails.
    """
    from reportspec.audit.project_audit import AuditOrder, audit_project, propose_checks
    from reportspec.cli.audit_page import audit_page

    tell = Messages(messages)
    order = OrderOptions((), None, today).order()
    specs = spec_files(paths)
    place = _place(project, specs)
    if propose:
        if specs or repairs is not None:
            raise click.UsageError("--propose looks at all records: it goes with neither specs nor --repairs")
        proposal, text = propose_checks(place, AuditOrder(order.now, os.environ, entity))
        tell.tell(proposal.diagnostics, proposal.texts)
        if text:
            give_to(out, text, "the checks", tell)
        tell.close()
        sys.exit(DONE if text else WRONG)
    if form == "pdf" and out is None:
        raise click.UsageError("a PDF is written to a file: name it with `-o audit.pdf`")
    if form == "pdf" and changed_since is not None:
        raise click.UsageError("--changed-since goes with what is printed; a PDF says of all what got better or worse")
    needed = _needed(specs, place, order, tell) if specs else None
    to_mend = repairs is not None or form == "pdf"
    asked = AuditOrder(order.now, os.environ, entity, needed, examples, to_mend, True, clock=order.clock)
    made = audit_project(place, asked)
    tell.tell(made.diagnostics, made.texts)
    if made.audit is None:
        tell.close()
        sys.exit(WRONG)
    if repairs is not None and not _repaired(made, made.audit, repairs, repairs_as, tell):
        tell.close()
        sys.exit(WRONG)
    if form == "pdf" and out is not None:
        page = audit_page(made, made.audit, place, order, show_personal)
        if not isinstance(page, bytes):
            tell.tell(page, made.texts)
            tell.close()
            sys.exit(WRONG)
        put(out, page, tell)
    code = _shown(made, made.audit, fail_on, changed_since is not None, form, show_personal, out, tell)
    tell.close()
    sys.exit(code)


def _place(project: Path | None, specs: list[Path]) -> Path | None:
    """The project file: the one named, else the nearest above the specs, which all have the same, or above here."""
    from reportspec.check.project import NAMES, find_project, project_in

    if project is not None:
        return (project_in(project) or project / NAMES[0]) if project.is_dir() else project
    places = dict.fromkeys(find_project(path) for path in specs or [Path.cwd() / "spec"])
    if len(places) > 1:
        raise click.UsageError("the specs are of several projects: audit one after the other")
    return next(iter(places))


def _needed(specs: list[Path], place: Path | None, order: Order, tell: Messages) -> dict[str, frozenset[str]]:
    """What the statements of specs read of each entity. Ends the command where a spec is wrong."""
    from reportspec.building import load
    from reportspec.compile import compile_report
    from reportspec.sql.survey_sql import fields_read

    needed: dict[str, frozenset[str]] = {}
    broken = False
    for path in specs:
        checked = load(path, order)
        tell.tell(checked.diagnostics, checked.texts)
        if checked.report is None or checked.broken:
            broken = True
            continue
        report = checked.report
        for name, fields in fields_read(compile_report(report).trees, report.binding).items():
            needed[name] = needed.get(name, frozenset()) | fields
    if broken:
        tell.close()
        sys.exit(WRONG)
    return needed


def _repaired(made: ProjectAudit, audit: Audit, folder: Path, form: Literal["csv", "xlsx"], tell: Messages) -> bool:
    """Write the repair lists, and say where they are; whether that went well."""
    from reportspec.audit.repairs import write_repairs
    from reportspec.diagnostics import Diagnostic
    from reportspec.errors import FormatError
    from reportspec.problems import problems_of

    assert made.project is not None
    assert made.binding is not None
    try:
        lists = write_repairs(folder, audit, made.binding, made.language, form, made.project.root)
    except (FormatError, OSError) as error:
        tell.tell(problems_of(folder, error), {})
        return False
    for path in lists.written:
        click.echo(path, err=True)
    left = "is of an earlier audit and was changed since: it stays"
    help = "remove it once what it says is done"
    old = [
        Diagnostic("removed-list", f"`{path}` is of an earlier audit: it was removed", None, None, (), "warning")
        for path in lists.removed
    ]
    old += [Diagnostic("old-list", f"`{path}` {left}", None, help, (), "warning") for path in lists.changed]
    old += [
        Diagnostic(
            "kept-file",
            f"`{path}` is not as an audit wrote it: it stays, and the list is `{instead.name}`",
            None,
            "name another folder for the lists, or remove it once nobody needs it",
            (),
            "warning",
        )
        for path, instead in lists.kept
    ]
    tell.tell(old, {})
    for entity in audit.entities:
        if entity.to_mend > len(entity.records):
            what = (
                f"{entity.to_mend:,} records of `{entity.entity}` are to be mended: the first {len(entity.records):,}"
            )
            help = "mend these, then ask again; `--entity` and specs ask for less"
            tell.tell([Diagnostic("cut-short", f"{what} stand in the lists", None, help, (), "warning")], {})
    return True


def _shown(
    made: ProjectAudit,
    audit: Audit,
    fail_on: str,
    only_worse: bool,
    form: str,
    personal: bool,
    out: Path | None,
    tell: Messages,
) -> int:
    """Print an audit and keep it; the code to end with."""
    from reportspec.audit.earlier import BROKEN_OFF, HistoryError, earlier, kept
    from reportspec.audit.failures import store_failures
    from reportspec.audit.forms import FORMS, Shown
    from reportspec.diagnostics import Diagnostic
    from reportspec.problems import problems_of

    assert made.project is not None
    assert made.binding is not None
    root = made.project.root
    try:
        before: Earlier = earlier(root, audit.at.astimezone(made.binding.zone))
        shown = Shown(audit, made.binding, made.language, before, personal, only_worse, made.project.systems)
        if form != "pdf":
            give_to(out, FORMS[form](shown), "the audit", tell)
        kept(root, audit)
        store_failures(root, audit)
    except (HistoryError, OSError) as error:
        tell.tell(problems_of(root, error), {})
        return WRONG
    if before.broken_off:
        what = "the last line of the file of audits was not written to its end"
        help = f"it stands in `{BROKEN_OFF.as_posix()}` now; what that audit found is not known"
        tell.tell([Diagnostic("bad-history", what, None, help, (), "warning")], {})
    levels = {outcome.level for outcome in shown.all_findings()}
    refused = any(outcome.why == "refused" for outcome in audit.outcomes)
    return WRONG if refused or levels & set(_LEVELS[fail_on]) else DONE
