"""What a begun project says of itself: how its source was taken, what is to be confirmed, what nothing could tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reportspec.onboarding.basis import Basis
from reportspec.onboarding.drafts import Draft
from reportspec.onboarding.name_words import aside
from reportspec.onboarding.project_files import Reading, Settings

_LISTED = 25  # columns that are named

Lack = tuple[str, str, str, tuple[str, ...]]  # an entity, its field, the table, and the columns free for it


def taken(basis: Basis, draft: Draft) -> tuple[str, ...]:
    if basis.found is not None:
        tables = ", ".join(basis.found.tables.values())
        return (f"recognised as {basis.found.crm} ({basis.found.columns} of {basis.found.of} columns): {tables}",)
    told = []
    for block in draft.blocks:
        if not block.off:
            fields = sum(not line.off for line in block.lines)
            told.append(f"{block.entity} from `{block.table}` ({fields} fields)")
    if draft.stages:
        told.append(f"stage from the {len(draft.stages)} stages that deals are in")
    return tuple(told)


def to_confirm(basis: Basis, draft: Draft, settings: Settings, readings: Mapping[str, Reading]) -> tuple[str, ...]:
    told = [f"reportspec.yaml: {key}: {why}" for key, why in settings.marks.items()]
    if not basis.source.written:
        for name, reading in readings.items():
            told += [f"reportspec.yaml: {name}: {mark}" for mark in reading.marks.values()]
    for block in draft.blocks:
        if block.mark:
            told.append(
                f"mapping.yaml: {block.entity} from `{block.table}`: {block.mark}"
                + (" (a comment only)" if block.off else "")
            )
        for name, text, why in block.settings if not block.off else ():
            if not why:
                continue
            told.append(f"mapping.yaml: {block.entity}: {name} {text}: {why}")
        if block.keyless:
            told.append(f"mapping.yaml: {block.entity}: key: {block.keyless}")
        for line in (*((block.key,) if block.key else ()), *block.lines):
            if line.mark and not block.off:
                told.append(
                    f"mapping.yaml: {block.entity}.{line.field}{_from(line.columns)}: {line.mark}"
                    + (" (a comment only)" if line.off else "")
                )
    if draft.stages:
        told.append("mapping.yaml: stage: in which order the stages follow each other")
    return tuple(told)


def untold(basis: Basis, draft: Draft, lacks: Iterable[Lack], lists: Iterable[str] = ()) -> tuple[str, ...]:
    """What nothing could tell. `lists` are the tables that said what codes mean."""
    told = []
    used = {block.table for block in draft.blocks} if basis.found is None else set(basis.found.tables.values())
    used |= {beside.table for block in draft.blocks for beside in block.joins.values()} | set(lists)
    unused = [name for name in basis.tables if name not in used]
    if unused:
        told.append(f"not used, since no entity of the catalogue was seen in them: {', '.join(unused)}")
    told += _unread(basis, draft)
    if basis.found is None:
        told += [
            f"no column was found for {entity}.{name}, without which `{table}` is no use: "
            f"name it with `--column {entity}.{name}={free[0] if free else '…'}`"
            for entity, name, table, free in lacks
        ]
        deal = next((block for block in draft.blocks if block.entity == "deal" and not block.off), None)
        if deal is not None:
            have = {line.field for line in deal.lines if not line.off}
            wanted = [
                f
                for f in (
                    "created_at",
                    "closed_at",
                    "status",
                    "amount",
                    "owner_id",
                    "stage_id",
                    "loss_reason",
                    "source",
                )
                if f not in have
            ]
            if wanted:
                told.append(
                    f"no column was found for {', '.join('deal.' + f for f in wanted)}, which some metrics need"
                )
            if not any(block.entity == "deal_stage_history" for block in draft.blocks):
                told.append("no table has the history of stages: time in stage, conversion and past states are missing")
    return tuple(told)


def _unread(basis: Basis, draft: Draft) -> list[str]:
    """The columns of tables that are used which nothing is read from, by table."""
    read: dict[str, set[str]] = {}
    conditions: dict[str, str] = {}
    for block, line in draft.lines():
        if not block.off and not line.off:
            read.setdefault(block.table, set()).update(line.columns)
            said = " ".join(text for name, text, _ in block.settings if name == "where")
            conditions[block.table] = f"{conditions.get(block.table, '')} {said}"
    told = []
    for name, columns in read.items():
        left = [
            c.name
            for c in basis.tables[name].columns.values()
            if c.filled and c.name not in columns and c.name not in conditions[name]
        ]
        if left := [column for column in left if column.lower() not in aside()]:
            more = f" and {len(left) - _LISTED} more" if len(left) > _LISTED else ""
            told.append(f"columns of `{name}` that nothing is read from: {', '.join(left[:_LISTED])}{more}")
    return told


def _from(columns: Sequence[str]) -> str:
    return f" ← {', '.join(columns)}" if columns else ""
