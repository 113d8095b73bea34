"""The second wall: what the text of an expression says is what its tree means.

`expression.py` lets only harmless trees in. Here the text that became of them is held against the
tree once more, before a statement is run or shown. What the writer prints as it stands must be a
plain word; and every expression that somebody wrote, or that has a text or a name with odd signs in
it, is read again in its dialect. It is compared with a twin whose odd texts and names are plain
and which has parentheses wherever they can stand: node for node it must be the same, and where the
twin has a plain word, the text itself must have come back.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from reportspec.expression.sandbox import WRITTEN
from reportspec.expression.trees import copied
from reportspec.sql.dialects.rewrite import remade
from reportspec.sql.shared_trees import Shared

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]*", re.ASCII)
_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_PLAIN = re.compile(r"(?!.*(--|/\*))[A-Za-z0-9_ .,:%+/()<>=*|!&~^-]*", re.ASCII)
_KEY = re.compile(r"[\w -]+")
_MARK = "rs_odd_"


def _kinds(*classes: type[exp.Expr]) -> frozenset[type[exp.Expr]]:
    """The classes of nodes with those below them: a type is looked up sooner than `isinstance` says that it is none."""
    return frozenset(classes).union(*(_kinds(*kind.__subclasses__()) for kind in classes))


_LEAVES = _kinds(exp.Literal, exp.Identifier, exp.National)
_NAMES = _kinds(exp.Column, exp.Alias, exp.Table)
# Parts of a statement that hold expressions; anything else in it is one.
_FRAMES = _kinds(
    exp.Select, exp.Union, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Where, exp.Group,
    exp.Having, exp.Order, exp.Limit, exp.Fetch, exp.LimitOptions, exp.Distinct,
)  # fmt: skip
# Operators that parentheses may be set around, and whose parts they may be set around.
_OPERATORS: tuple[type[exp.Expr], ...] = (
    exp.And, exp.Or, exp.Xor, exp.Not, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.EQ, exp.NEQ,
    exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Add, exp.Sub, exp.Mul,
    exp.Div, exp.IntDiv, exp.Mod, exp.DPipe, exp.Neg,
)  # fmt: skip
_CHAINS = (exp.And, exp.Or, exp.DPipe)  # in which it is all one how they are grouped


class Breached(Exception):
    """The text of an expression does not say what its tree means; the message shows a part of it."""


def hold(statement: exp.Expr, dialect: str, shared: Shared | None = None) -> None:
    """Look at every part of a statement as it will be written in a dialect of sqlglot's; once at what is
    `shared` with other statements. Raises `Breached` where its text would say something else."""
    shared = shared or Shared()
    held = shared.made(("held", dialect))
    seen: dict[int, exp.Expr] = {}
    for unit in _units(statement, held, seen):
        odd, written, much = _looked_at(unit, shared)
        if odd or (written and much):
            _read_again(unit, dialect, odd)
    held.update((key, True) for key in seen if key in shared.trees)


def breaches(statement: exp.Expr, dialect: str) -> list[str]:
    """The same of every part, whoever wrote it: what says something else than it means."""
    differences = []
    for unit in _units(statement, (), {}):
        try:
            _read_again(unit, dialect, _looked_at(unit, Shared())[0])
        except Breached as breached:
            differences.append(str(breached))
    return differences


def _units(tree: exp.Expr, held: Container[int], seen: dict[int, exp.Expr]) -> list[exp.Expr]:
    """The expressions, tables and aliases of a statement, but for what is `held` already. What was gone through
    is in `seen` then."""
    expressions: list[exp.Expr] = []
    stack: list[exp.Expr] = [tree]
    while stack:
        node = stack.pop()
        if id(node) in seen or id(node) in held:
            continue
        seen[id(node)] = node
        if type(node) not in _FRAMES:
            expressions.append(node)
            continue
        for name, value in node.args.items():
            for item in value if type(value) is list else (value,):
                if item is None:
                    continue
                if isinstance(item, exp.Expr):
                    stack.append(item)
                elif isinstance(item, str):
                    _word(item, name)
    return expressions


def _looked_at(unit: exp.Expr, shared: Shared) -> tuple[dict[str, int], bool, bool]:
    """The odd texts and names of an expression with their numbers, whether somebody wrote a part of
    it, and whether there is more to it than names. Raises `Breached` for what is no plain word."""
    return _looked(unit, shared.trees, shared.made("looked at"), shared.plain)


_Look = tuple[dict[str, int], bool, bool]


def _looked(unit: exp.Expr, trees: Mapping[int, exp.Expr], looked: dict[int, _Look], plain: set[str]) -> _Look:
    if id(unit) in looked:
        return looked[id(unit)]
    odd: dict[str, int] = {}
    written = much = False
    nodes: list[exp.Expr] = [unit]
    for node in nodes:  # which grows: one way through the parts does for all that is asked
        if id(node) in trees and node is not unit:
            of_node = _looked(node, trees, looked, plain)
            for text in of_node[0]:
                odd.setdefault(text, len(odd))
            written, much = written or of_node[1], much or of_node[2]
            continue
        if node._meta and node._meta.get(WRITTEN):
            written = True
        kind = type(node)
        if kind in _LEAVES:
            said_name = node.args.get("this")
            if not isinstance(said_name, str):
                nodes.extend(node.iter_expressions())
            text = str(said_name)
            if kind is exp.Literal and not node.args.get("is_string"):
                if not _NUMBER.fullmatch(text):
                    raise Breached(text[:40])
            elif kind is exp.Identifier and not node.args.get("quoted"):
                _word(text, "a name")
            elif _somebodys_name(node):
                if not _WORDS.fullmatch(text):
                    odd.setdefault(text, len(odd))
            elif text not in plain:
                if _PLAIN.fullmatch(text):
                    plain.add(text)
                else:
                    odd.setdefault(text, len(odd))
            continue
        much = much or kind not in _NAMES
        for name, value in node.args.items():
            if value is None or value is True or value is False:
                continue
            of = type(value)
            if of is exp.Identifier:
                # Most names are quoted and were looked at.
                if value._meta or not value.args.get("quoted") or value.args.get("this") not in plain:
                    nodes.append(value)
            elif of is exp.Column:
                # Most nodes with parts are columns, and most of those have nothing but such names.
                if value._meta and WRITTEN in value._meta:
                    nodes.append(value)
                    continue
                for part in value.args.values():
                    if (
                        type(part) is not exp.Identifier
                        or part._meta
                        or not part.args.get("quoted")
                        or part.args.get("this") not in plain
                    ):
                        nodes.append(value)
                        break
            elif of is list:
                nodes += [item for item in value if isinstance(item, exp.Expr)]
            elif isinstance(value, exp.Expr):
                nodes.append(value)
            elif isinstance(value, str):
                if isinstance(node, exp.JSONPathKey):
                    if not _KEY.fullmatch(value):
                        raise Breached(value[:40])
                else:
                    _word(value, name)
    if id(unit) in trees:
        looked[id(unit)] = (odd, written, much)
    return odd, written, much


def _somebodys_name(node: exp.Expr) -> bool:
    """Whether it is a name that somebody wrote, which some databases split at its dots."""
    meta = node._meta
    return meta is not None and bool(meta.get(WRITTEN)) and isinstance(node, exp.Identifier)


def _word(text: str, name: str) -> None:
    if not _WORDS.fullmatch(text):
        raise Breached(f"{name}: {text[:40]}")


def _read_again(unit: exp.Expr, dialect: str, odd: dict[str, int]) -> None:
    """Hold one expression against its twin."""
    text = copied(_framed(unit)).sql(dialect=dialect, copy=False)
    twin = _framed(_twin(unit, odd)).sql(dialect=dialect, copy=False)
    if not _same(text, twin, dialect, tuple(odd)):
        raise Breached(text[:200])


def _framed(unit: exp.Expr) -> exp.Expr:
    """A statement of its own with an expression, a table or an alias in it."""
    if isinstance(unit, exp.Table):
        return exp.Select().select(exp.Star()).from_(unit)
    if isinstance(unit, exp.TableAlias):
        table = exp.Table(this=exp.Identifier(this="t", quoted=True), alias=unit)
        return exp.Select().select(exp.Star()).from_(table)
    return exp.Select(expressions=[unit.this if isinstance(unit, exp.Ordered) else unit])


def _twin(tree: exp.Expr, odd: dict[str, int]) -> exp.Expr:
    """The tree with plain words for odd ones, and parentheses around the parts of operators."""
    if type(tree) in _LEAVES:
        number = odd.get(str(tree.this))
        return tree if number is None else remade(tree, {**tree.args, "this": f"{_MARK}{number}"})
    around = isinstance(tree, _OPERATORS)

    def part(value: object) -> object:
        if not isinstance(value, exp.Expr):
            return value
        twin = _twin(value, odd)
        if not around or not isinstance(value, _OPERATORS):
            return twin
        # A chain stays one: writers make one call of it.
        chained = isinstance(tree, _CHAINS) and type(value) is type(tree)
        return twin if chained else exp.Paren(this=twin)

    args = {
        name: [part(item) for item in value] if isinstance(value, list) else part(value)
        for name, value in tree.args.items()
    }
    return remade(tree, args)


@lru_cache(maxsize=4096)
def _same(text: str, twin: str, dialect: str, odd: tuple[str, ...]) -> bool:
    try:
        read = sqlglot.parse(text, dialect=dialect)
        meant = sqlglot.parse(twin, dialect=dialect)
    except (SqlglotError, RecursionError, ValueError, TypeError, LookupError, AttributeError):
        return False  # readers take for granted what texts usually are
    if len(read) != 1 or len(meant) != 1 or read[0] is None or meant[0] is None:
        return False
    return _alike(read[0], meant[0], odd)


def _alike(read: object, meant: object, odd: tuple[str, ...]) -> bool:
    """Whether two parts of trees are the same node for node, but for parentheses."""
    if isinstance(read, exp.Expr) and isinstance(meant, exp.Expr):
        read, meant = read.unnest(), meant.unnest()
        if type(read) is not type(meant):
            return False
        if isinstance(read, _CHAINS):
            ours, theirs = _links(read, type(read)), _links(meant, type(read))
            return len(ours) == len(theirs) and all(_alike(a, b, odd) for a, b in zip(ours, theirs, strict=True))
        keys = {k for k, v in (*read.args.items(), *meant.args.items()) if v not in (None, [], False)}
        if isinstance(read, exp.RegexpExtract):
            keys -= {"group"}  # BigQuery's is read off the pattern, which is plain in the twin
        return all(_alike(read.args.get(k), meant.args.get(k), odd) for k in keys)
    if isinstance(read, list) and isinstance(meant, list):
        return len(read) == len(meant) and all(_alike(a, b, odd) for a, b in zip(read, meant, strict=True))
    if isinstance(read, str) and isinstance(meant, str) and meant.startswith(_MARK):
        number = meant.removeprefix(_MARK)
        return number.isdigit() and int(number) < len(odd) and read == odd[int(number)]
    return bool(read == meant)


def _links(tree: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """The parts of a chain of one operator."""
    nodes: list[exp.Expr] = []
    stack = [tree]
    while stack:
        node = stack.pop().unnest()
        if type(node) is kind:
            stack += [node.expression, node.this]
        else:
            nodes.append(node)
    return nodes
