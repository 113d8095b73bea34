"""Trees of the canonical form become trees that a database means the same by."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import field
from functools import lru_cache

import sqlglot
from sqlglot import exp

from reportspec.lazy_dataclass import dataclass
from reportspec.sql.shared_trees import Shared

Rule = Callable[[exp.Expr], exp.Expr]
Rules = Mapping[type[exp.Expr], Rule]


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """A database's own way with SQL. `rules` say by node type what is written instead, `before` is
    done to the whole statement first, `settings` are what a statement brings along for itself.

    Where the SQL is written without having been run, `allowed` and `functions` are what may stand
    in it besides `generic.NODES`, and `traits` say for people how it does what differs.
    `writes_shared` says that sqlglot writes trees for it whose parts are shared, and leaves them
    as they are; for others it writes a copy. `sooner` has rules by which such trees become others of the same text that
    sqlglot writes sooner; `named` has those of functions that a session brings under names of its own, which are always
    done last. `canonical` is the one whose meaning statements have.
    `exact` writes a text of the source so that it compares byte for byte, for sources with columns that do not.
    `merges` says that columns may have collations here that nothing of this rids them of, so that the
    database's DISTINCT may merge two texts. `reading` writes what is kept as another type than its
    field's (`HOLDS`) as one of that type; none: by a plain cast. `anyhow` are the nodes whose rules also
    change what a mapping says in the database's own SQL, which has no words for it.

    Of expressions: `lacks` is a code of formats that it does not know, `text_end` what a pattern has for the end of a
    text where `$` also stands before a last line break, `flags` says that its functions of
    patterns take flags. Of a source's names and columns: whether names that differ in case are `cased`, different
    ones; which types hold `instants`, besides those that say so everywhere; whether they are `untyped`, so that
    only each value says what it is; which are `single`, numbers of single precision, of which a decimal would have
    an error, or six digits; which are `enums`, whose columns order by the places of their values, or take no other
    value beside them; whether it is `lax`, a text being a number where a condition is expected; whether its BIT
    has strings of `bits`, and not 0 or 1; whether bytes are
    all kept where they become a text; and which function makes a time of seconds `since_1970`.
    `keys` has kinds of types that are compared as they are: two values of columns of one kind are equal exactly where
    their texts are. Whatever is in none of them is compared as text. `brings` are the functions of `check_digits` that
    a session has; `once` writes what a formula makes of a value that is computed once, however often the formula names
    it."""

    name: str
    label: str
    sqlglot: str
    rules: Rules = field(default_factory=dict)
    before: Rule | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    allowed: frozenset[type[exp.Expr]] | None = None
    functions: frozenset[str] = frozenset()
    traits: Mapping[str, str] = field(default_factory=dict)
    writes_shared: bool = False
    sooner: Rules = field(default_factory=dict)
    named: Rules = field(default_factory=dict)
    canonical: bool = False
    exact: Rule | None = None
    merges: bool = False
    reading: Rule | None = None
    anyhow: tuple[type[exp.Expr], ...] = ()
    lacks: str = ""
    text_end: str = "$"
    flags: bool = False
    cased: bool = False
    instants: re.Pattern[str] | None = None
    untyped: bool = False
    single: re.Pattern[str] | None = None
    enums: re.Pattern[str] | None = None
    lax: bool = False
    bits: bool = False
    bytes_kept: bool = True
    since_1970: str = ""
    keys: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    brings: frozenset[str] = frozenset()
    once: Callable[[exp.Expr, Rule], exp.Expr] | None = None


_VALUES: frozenset[type] = frozenset((type(None), str, bool))  # of arguments that are no nodes
# What a tree has most of, and no parts that a rule changes but names.
_LEAVES: frozenset[type] = frozenset((exp.Column, exp.Literal, exp.Null, exp.Boolean))
OWN = "own"  # in the meta of a mapping's expression: the SQL in which it is written


class Unsupported(Exception):
    """The database has no way to say it; the message names what, for a user."""


def rewritten(
    tree: exp.Expr,
    rules: Rules,
    own: str = "",
    anyhow: tuple[type[exp.Expr], ...] = (),
    shared: tuple[Shared, Hashable] | None = None,
) -> exp.Expr:
    """The tree with each node put through the rule of its type, from the leaves up. Nodes are
    never changed, only replaced: trees share their parts, and a shared part is rewritten once.

    What a mapping says in the database's `own` SQL stays as it is, but for its names and what is
    changed `anyhow`, since the database has no words for it. What trees that are `shared` with other statements
    become is remembered by the name that is given to these rules."""
    if not own and shared is None and tree.find(*rules) is None:
        return tree
    return _rewriter(rules, own, anyhow, shared)(tree)


def _rewriter(
    rules: Rules, own: str, anyhow: tuple[type[exp.Expr], ...], shared: tuple[Shared, Hashable] | None
) -> Rule:
    """The same for several trees, which have to be kept as long as it is asked: it knows them by their ids."""
    done: dict[int, exp.Expr] = {}
    kept_by: Mapping[int, exp.Expr] = shared[0].trees if shared is not None else {}
    made: dict[int, exp.Expr] = shared[0].made(shared[1]) if shared is not None else {}
    kept, still = _in_own(rules, anyhow), _still(rules)

    def visit(node: exp.Expr) -> exp.Expr:
        key = id(node)
        if key in done:
            return done[key]
        if key in made:
            return made[key]
        if own and node._meta and node._meta.get(OWN) == own:
            done[key] = rewritten(node, kept) if kept else node
            return done[key]
        changed = None
        for name, value in node.args.items():
            kind = type(value)
            if kind in still:
                continue
            if kind is list:
                items = None
                for at, item in enumerate(value):
                    if type(item) in still or not isinstance(item, exp.Expr):
                        continue
                    new = visit(item)
                    if new is not item:
                        items = items or list(value)
                        items[at] = new
                if items is not None:
                    changed = changed or dict(node.args)
                    changed[name] = items
            elif isinstance(value, exp.Expr):
                new = visit(value)
                if new is not value:
                    changed = changed or dict(node.args)
                    changed[name] = new
        result = node if changed is None else remade(node, changed)
        rule = rules.get(type(result))
        if rule is not None:
            result = rule(result)
        done[key] = result
        if key in kept_by and shared is not None:
            made[key] = result
            shared[0].add(result)
        return result

    return visit


def rewritten_in_turn(
    tree: exp.Expr,
    first: Rules,
    then: Rules,
    own: str,
    anyhow: tuple[type[exp.Expr], ...],
    shared: tuple[Shared, Hashable],
) -> exp.Expr:
    """What the rules of `then` make of the tree that `first` makes (what is `own` has none of its rules changed but
    names), as `rewritten` says it: in one way through the tree, since the first rules change few nodes."""
    trees, kept_by = shared[0], shared[0].trees
    made: dict[int, exp.Expr] = trees.made((shared[1], "in turn"))
    first_made: dict[int, exp.Expr] = trees.made((shared[1], "first"))
    done: dict[int, exp.Expr] = {}
    between: dict[int, exp.Expr] = {}  # what the first rules made of nodes, where that is another one
    anew = _rewriter(then, own, anyhow, (trees, (shared[1], "then")))
    kept, still = _in_own(first, ()), _still(first) & _still(then)

    def visit(node: exp.Expr) -> exp.Expr:
        key = id(node)
        if key in done:
            return done[key]
        if key in made:
            if key in first_made:
                between[key] = first_made[key]
            return made[key]
        if own and node._meta and node._meta.get(OWN) == own:
            if kept and (named := rewritten(node, kept)) is not node:
                between[key] = named
            done[key] = anew(between.get(key, node))
            return done[key]
        changed = halfway = None
        for name, value in node.args.items():
            kind = type(value)
            if kind in still:
                continue
            if kind is list:
                items = halves = None
                for at, item in enumerate(value):
                    if type(item) in still or not isinstance(item, exp.Expr):
                        continue
                    new = visit(item)
                    if new is not item:
                        items = items or list(value)
                        items[at] = new
                    if id(item) in between:
                        halves = halves or list(value)
                        halves[at] = between[id(item)]
                if items is not None:
                    changed = changed or dict(node.args)
                    changed[name] = items
                if halves is not None:
                    halfway = halfway or dict(node.args)
                    halfway[name] = halves
            elif isinstance(value, exp.Expr):
                new = visit(value)
                if new is not value:
                    changed = changed or dict(node.args)
                    changed[name] = new
                if id(value) in between:
                    halfway = halfway or dict(node.args)
                    halfway[name] = between[id(value)]
        half: exp.Expr = node if halfway is None else remade(node, halfway)
        rule = first.get(type(node))
        after = half if rule is None else rule(half)
        if after is not node:
            between[key] = after
        if after is half:
            result = node if changed is None else remade(node, changed)
            rule = then.get(type(result))
            if rule is not None:
                result = rule(result)
        else:
            result = anew(after)
        done[key] = result
        if key in kept_by:
            made[key] = result
            trees.add(result)
            if after is not node:
                first_made[key] = after
        return result

    return visit(tree)


def _in_own(rules: Rules, anyhow: tuple[type[exp.Expr], ...]) -> Rules:
    """The rules that also change what a mapping says in the database's own SQL."""
    changed: tuple[type[exp.Expr], ...] = (exp.Identifier, *anyhow)
    return {kind: rules[kind] for kind in changed if kind in rules}


def _still(rules: Rules) -> frozenset[type]:
    """The types of arguments that rules change nothing of. Two nodes of five are names, which have no parts. What has
    none is told by its type: most values are no nodes, and it takes `isinstance` long to say so."""
    return _VALUES if exp.Identifier in rules else _VALUES | {exp.Identifier} | (_LEAVES - rules.keys())


def refusing(label: str, *types: type[exp.Expr]) -> Rules:
    """Rules for nodes that the database has no words for that mean the same."""

    def refused(node: exp.Expr) -> exp.Expr:
        raise Unsupported(unsaid(node, label))

    return dict.fromkeys(types, refused)


def two_names(label: str) -> Rule:
    """A rule for tables of databases that have no catalogues: they have one name or two."""

    def table(node: exp.Expr) -> exp.Expr:
        if node.args.get("catalog") is not None:
            raise Unsupported(f"a table of {label} has one name or two, not three")
        return node

    return table


def unsaid(node: exp.Expr, label: str) -> str:
    """That something cannot be said to a database, and the way out."""
    name = node.sql_name().lower() if isinstance(node, exp.Func) else node.key
    return f"`{name}` means something else on {label}; write it in {label}'s own SQL in the mapping"


def remade(node: exp.Expr, args: Mapping[str, object]) -> exp.Expr:
    """A node of the same type and notes with other arguments."""
    new = type(node)(**args)
    if node._meta is not None:
        new._meta = dict(node._meta)
    if node.comments:
        new.comments = list(node.comments)
    return new


def with_args(node: exp.Expr, **args: object) -> exp.Expr:
    """A node like this one, with some arguments of its own."""
    return remade(node, {**node.args, **args})


@lru_cache(maxsize=512)
def _template(text: str, dialect: str) -> exp.Expr:
    return sqlglot.parse_one(text, dialect=dialect)


def snippet(dialect: str, text: str, **parts: exp.Expr) -> exp.Expr:
    """SQL as the database's own users would write it, with trees in place of the names in it."""
    tree = _template(text, dialect)

    def visit(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name in parts:
            return parts[node.name]
        args: dict[str, object] = {}
        for name, value in node.args.items():
            if isinstance(value, exp.Expr):
                args[name] = visit(value)
            elif isinstance(value, list):
                args[name] = [visit(v) if isinstance(v, exp.Expr) else v for v in value]
            else:
                args[name] = value
        return type(node)(**args)

    return visit(tree)


def is_text_literal(tree: exp.Expr) -> bool:
    """Whether it is a text written out."""
    return isinstance(tree, exp.Literal) and bool(tree.is_string)


def type_of(cast: exp.Expr) -> str:
    """The name of the type that a CAST is to, as sqlglot calls it."""
    return str(cast.args["to"].this.value)


TIMES = frozenset({"TIMESTAMP", "TIMESTAMPNTZ", "DATETIME", "DATETIME2", "TIMESTAMP_S", "TIMESTAMP_MS"})
TEXTS = frozenset({"VARCHAR", "TEXT", "CHAR", "NVARCHAR"})
WHOLES = frozenset({"BIGINT", "INT", "SMALLINT", "TINYINT"})
