"""Checks of an audit that compare a row with others, by windows, and how they are asked for less: windows over all rows
sort them with all that they have, groups do not."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.resolve.audit_conditions import Asked

_OF_GROUPS = (exp.Min, exp.Max, exp.Count, exp.Avg, exp.Sum)
_FILLED = (exp.Column, exp.Identifier, exp.Dot, exp.Lower, exp.Upper, exp.Trim)  # of what is there they give something

# What makes something of nothing.
_OF_NOTHING = (
    exp.Case, exp.Coalesce, exp.Is, exp.If, exp.Greatest, exp.Least, exp.Concat, exp.ConcatWs, exp.NullSafeEQ,
)  # fmt: skip


def of_groups(asked: Asked) -> tuple[list[exp.Expr], exp.Expr] | None:
    """By what rows are alike, and the condition on all that are, where a check reads nothing else: windows without an
    order over one partition, whose keys are there in the rows that are looked at. Groups cost a third of windows."""
    assert asked.broken is not None
    windows = list(asked.broken.find_all(exp.Window))
    keys = windows[0].args.get("partition_by") if windows else None
    if not keys or not by_groups(asked) or any(window.args.get("partition_by") != keys for window in windows):
        return None
    inside = {id(node) for window in windows for node in column_nodes(window)}
    if any(id(node) not in inside for node in column_nodes(asked.broken)):
        return None
    return keys, asked.broken.transform(lambda node: node.this if isinstance(node, exp.Window) else node)


def by_groups(asked: Asked) -> bool:
    """Whether a check has windows, and none that says more than groups do: without an order, over all rows or over
    those with keys that are there in the rows that are looked at."""
    assert asked.broken is not None
    windows = list(asked.broken.find_all(exp.Window))
    for window in windows:
        ordered = window.args.get("order") is not None or window.args.get("spec") is not None
        if ordered or not isinstance(window.this, _OF_GROUPS):
            return False
        if not _found_by(window.args.get("partition_by") or [], asked):
            return False  # rows without a key are alike in windows, and find no group
    return bool(windows)


def by_order(asked: Asked) -> bool:
    """Whether a check asks what stands before or behind a row."""
    windows = asked.broken.find_all(exp.Window) if asked.broken is not None else ()
    return any(window.args.get("order") is not None for window in windows)


def lone_are_right(asked: Asked) -> list[exp.Expr]:
    """By what rows are alike, where a row that none is like is never broken: something of it is compared with what
    stands before it or behind it, and there is nothing."""
    assert asked.broken is not None
    windows = list(asked.broken.find_all(exp.Window))
    keys = windows[0].args.get("partition_by") or []
    if any(window.args.get("partition_by") != keys for window in windows) or not _found_by(keys, asked):
        return []
    broken = asked.broken.unnest()
    for one in broken.flatten() if isinstance(broken, exp.And) else [broken]:
        compared = one.unnest()
        if not isinstance(compared, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)):
            continue
        plain = not any(isinstance(node, _OF_NOTHING) for node in compared.walk())
        beside = [window.this for window in compared.find_all(exp.Window)]
        if plain and any(isinstance(one, (exp.Lag, exp.Lead)) and not one.args.get("default") for one in beside):
            return keys
    return []


def _found_by(keys: Sequence[exp.Expr], asked: Asked) -> bool:
    """Whether the rows that are looked at have keys by which they find the group of those that are alike."""
    plain = all(isinstance(node, _FILLED) for key in keys for node in key.walk())
    return plain and {path_of(node) for key in keys for node in column_nodes(key)} <= _known_there(asked)


def _known_there(asked: Asked) -> set[tuple[str, ...]]:
    """The fields that the rows which are looked at have."""
    if asked.looked is None:
        return set()
    looked = asked.looked.unnest()
    conditions = [one.unnest() for one in (looked.flatten() if isinstance(looked, exp.And) else [looked])]
    plain = (*_FILLED, exp.EQ, exp.NEQ, exp.Literal)
    there = [one.this.unnest() for one in conditions if isinstance(one, exp.Not)]
    there = [one.this for one in there if isinstance(one, exp.Is) and isinstance(one.expression, exp.Null)]
    compared = [one for one in conditions if all(isinstance(node, plain) for node in one.walk())]
    return {path_of(node) for one in (*compared, *there) for node in column_nodes(one)}
