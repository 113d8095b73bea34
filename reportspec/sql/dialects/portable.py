"""What an expression may ask of every database but DuckDB: arguments that all of them read alike.

Names and numbers of arguments are the same everywhere; their edges are not (a negative length, a
format with a word in it, a pattern's flags). What is known to be right is let through, or written so
that it is; the rest is refused, since it would be another figure in silence."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from reportspec.expression.patterns import NotAlike, for_all
from reportspec.expression.sandbox import WRITTEN
from reportspec.sql.dialects.rewrite import Dialect, Rule, Rules, Unsupported, unsaid, with_args

# Codes that mean the same to all, with what is no letter around them.
_FORMAT = re.compile(r"(%[YymdHMSj]|[\d \t,./:+()_-])*", re.ASCII)
_PARTS = frozenset({"MILLISECOND", "MILLISECONDS", "MICROSECOND", "MICROSECONDS"})


def whole(node: object) -> int:
    """A whole number that is written out, else -1."""
    plain = isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit()
    return int(str(node.this)) if plain and isinstance(node, exp.Literal) else -1


def whole_seconds(node: exp.Expr) -> exp.Expr:
    """EXTRACT, whose seconds have no fraction."""
    return exp.Floor(this=node) if str(node.this.name).upper() in ("SECOND", "SECONDS") else node


def our_zones(label: str) -> Rule:
    """A rule for databases in which AT TIME ZONE is written in other words, where it is ours; a zone that
    somebody wrote is not."""

    def zoned(node: exp.Expr) -> exp.Expr:
        if node.meta.get(WRITTEN):
            raise Unsupported(unsaid(node, label))
        return node

    return zoned


def checked(rules: Rules, dialect: Dialect) -> Rules:
    """The rules, each behind a look at the arguments."""

    def no(node: exp.Expr) -> exp.Expr:
        raise Unsupported(unsaid(node, dialect.label))

    def formatted(node: exp.Expr) -> exp.Expr:
        form = node.args.get("format")
        text = str(form.this) if isinstance(form, exp.Literal) else "?"
        unknown = dialect.lacks and dialect.lacks in text
        return no(node) if unknown or not _FORMAT.fullmatch(text) else node

    def flagged(key: str) -> Rule:
        def seen(node: exp.Expr) -> exp.Expr:
            flags = str(node.args[key].this) if node.args.get(key) is not None else ""
            if dialect.flags or not set(flags) - {"g"}:
                return node
            pattern = node.expression
            if set(flags) - {"g", "i"} or not isinstance(pattern, exp.Literal):
                return no(node)
            rest = exp.Literal.string("g") if "g" in flags else None
            inside = exp.Literal.string(f"(?i){pattern.this}")
            return with_args(node, expression=inside, **{key: rest})

        return seen

    def alike(look: Rule | None) -> Rule:
        """A pattern that is written out, as all databases read it."""

        def seen(node: exp.Expr) -> exp.Expr:
            node = look(node) if look is not None else node
            flags = node.args.get("flag") or node.args.get("modifiers")
            others = isinstance(flags, exp.Literal) and set(str(flags.this)) & set("mnsx")
            pattern = node.expression
            if others or not isinstance(pattern, exp.Literal) or not pattern.is_string:
                return node
            try:
                written = for_all(str(pattern.this), dialect.text_end)
            except NotAlike as error:
                raise Unsupported(f"{dialect.label} may read `{error.what}` in a pattern in its own way") from None
            return node if written == pattern.this else with_args(node, expression=exp.Literal.string(written))

        return seen

    def cut(node: exp.Expr) -> exp.Expr:
        length = node.args.get("length")
        right = whole(node.args.get("start")) > 0 and (length is None or whole(length) >= 0)
        return node if right else no(node)

    def split(node: exp.Expr) -> exp.Expr:
        mark = node.args.get("delimiter")
        empty = isinstance(mark, exp.Literal) and not str(mark.this)
        told = whole(node.args.get("part_index")) >= 1 or not node.meta.get(WRITTEN)  # what we write counts from 1
        return no(node) if empty or not told else node

    def part(node: exp.Expr) -> exp.Expr:
        return no(node) if str(node.this.name).upper() in _PARTS else node

    looks: dict[type[exp.Expr], Rule] = {
        exp.TimeToStr: formatted,
        exp.StrToTime: formatted,
        exp.StrToDate: formatted,
        exp.RegexpLike: alike(flagged("flag")),
        exp.RegexpReplace: alike(flagged("modifiers")),
        exp.RegexpExtract: alike(None),
        exp.RegexpFullMatch: alike(None),
        exp.Substring: cut,
        exp.SplitPart: split,
        exp.Extract: part,
    }
    return {**rules, **{kind: _behind(look, rules.get(kind)) for kind, look in looks.items()}}


def _behind(look: Rule, rule: Rule | None) -> Callable[[exp.Expr], exp.Expr]:
    def both(node: exp.Expr) -> exp.Expr:
        seen = look(node)
        return rule(seen) if rule is not None and type(seen) is type(node) else seen

    return both
