"""Repair lists and the history of audits while several audits write at once, or are killed: in the end there stands
what the last one found, and nothing is told that nobody did."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.audit import repairs
from reportspec.audit.earlier import earlier, kept
from reportspec.audit.project_audit import AuditOrder, ProjectAudit, audit_project
from reportspec.audit.repairs import Lists, write_repairs
from reportspec.model.audits import Audit, Owner

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
OWNERS = ("Ada", "Bo", "Bo!", "Carla")  # two of them make one name of a file


@pytest.fixture
def made(tmp_path: Path) -> ProjectAudit:
    """An audit of one deal that lacks its amount."""
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {sales: sales.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n", "utf-8"
    )
    mapping = "entities:\n  deal: {table: sales, key: id, fields: {name: name, status: status, amount: amount}}\n"
    (tmp_path / "m.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "sales.csv").write_text("id,name,status,amount\nD1,One,open,\nD2,Two,open,3\n", encoding="utf-8")
    return audit_project(tmp_path / "reportspec.yaml", AuditOrder(NOW, {}, to_mend=True))


def owned(made: ProjectAudit, owners: tuple[str, ...], remark: str) -> Audit:
    """The audit as if the deal were there once for each of these owners, and called by a remark."""
    assert made.audit is not None
    [entity] = made.audit.entities
    [record] = entity.records
    records = tuple(replace(record, owner=Owner(name, name), called=remark) for name in owners)
    return replace(made.audit, entities=(replace(entity, records=records),))


def written(made: ProjectAudit, folder: Path, owners: tuple[str, ...], remark: str) -> Lists:
    assert made.binding is not None
    assert made.project is not None
    return write_repairs(folder, owned(made, owners, remark), made.binding, "en", "csv", made.project.root)


def in_process(what: Callable[[], object]) -> int:
    """The id of a process that does something and ends with 0."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        what()
        code = 0
    finally:
        os._exit(code)


def only(folder: Path, names: set[str], remark: str) -> None:
    assert {path.name for path in folder.iterdir() if not path.name.endswith(".part")} == names
    assert all(remark in path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name in names)


def test_audits_at_once(made: ProjectAudit, tmp_path: Path) -> None:
    mend = tmp_path / "mend"
    of = [OWNERS[:2], OWNERS[1:], OWNERS, OWNERS[2:]]

    def often(number: int) -> None:
        assert made.audit is not None
        for turn in range(6):
            lists = written(made, mend, of[(number + turn) % 4], f"by {number}, {turn}")
            assert (lists.changed, lists.kept) == ((), ())
            kept(tmp_path, made.audit)

    children = [in_process(lambda number=number: often(number)) for number in range(4)]  # type: ignore[misc]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert written(made, mend, OWNERS, "the last").changed == ()
    only(mend, {"ada.csv", "bo.csv", "bo-2.csv", "carla.csv"}, "the last")
    history = (tmp_path / ".reportspec" / "audits.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(history) == 4 * 6
    assert earlier(tmp_path, NOW).broken_off == ""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_audits_that_are_killed(moment: str, made: ProjectAudit, tmp_path: Path) -> None:
    """One after the other is killed at its first, second, … step, with other owners and other values; then one is not:
    its lists stand under their own names, nothing of the others is left, and nothing is told of anybody's changes."""
    mend = tmp_path / "mend"
    written(made, mend, OWNERS[:3], "at first")
    steps = 7  # what is known before and after, and four lists; one less is written of the seventh
    for step in range(steps):

        def killed(step: int = step) -> None:
            whole, count = repairs.write_whole, 0

            def until(path: Path, data: bytes) -> None:
                nonlocal count
                if moment == "after":
                    whole(path, data)
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                if moment == "before":
                    whole(path, data)
                count += 1

            repairs.write_whole = until  # type: ignore[assignment]
            lists = written(made, mend, OWNERS if step % 2 else OWNERS[1:], f"killed {step}")
            assert (lists.changed, lists.kept) == ((), ())

        ended = os.waitpid(in_process(killed), 0)[1]
        assert ended in (signal.SIGKILL, 0)
        assert ended == signal.SIGKILL or step >= 5
    lists = written(made, mend, OWNERS[:2], "the last")
    assert (lists.changed, lists.kept) == ((), ())
    only(mend, {"ada.csv", "bo.csv"}, "the last")
    # What somebody writes then is told as before.
    (mend / "bo.csv").write_text("done", encoding="utf-8")
    lists = written(made, mend, OWNERS[:1], "the last")
    assert lists.changed == (mend / "bo.csv",)


def test_lists_that_the_version_before_remembered(made: ProjectAudit, tmp_path: Path) -> None:
    """It kept one digest for each."""
    mend = tmp_path / "mend"
    written(made, mend, OWNERS[:2], "at first")
    place = tmp_path / ".reportspec" / "repairs.json"
    text = place.read_text(encoding="utf-8")
    assert "[" in text
    place.write_text(text.replace("[", "").replace("]", ""), encoding="utf-8")
    assert written(made, mend, OWNERS[:1], "the last").removed == (mend / "bo.csv",)
