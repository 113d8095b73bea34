"""Windows within expressions, and several in one SELECT, are on every engine what Python reckons of the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from sqlglot import exp

from reportspec.expression.sandbox import CANONICAL, parse
from tests.conftest import Draw
from tests.engines.servers import TRAPS, Engine
from tests.engines.together import Asking

Row = Mapping[str, Any]
Value = Callable[[Row], Any]
Told = tuple[str, Value]
NAMES = [name for name, _ in TRAPS.columns]
ROWS: list[Row] = [dict(zip(NAMES, row, strict=True)) for row in TRAPS.rows]


def ordered(rows: list[Row], *by: str) -> list[Row]:
    """Nulls last, as the canonical form has it."""
    return sorted(rows, key=lambda row: [(row[name] is None, row[name] or 0) for name in by])


def like(row: Row, by: str | None) -> list[Row]:
    return [other for other in ROWS if by is None or other[by] == row[by]]


def windows() -> list[Told]:
    """Aggregates over rows that are alike, and places and neighbours in several orders."""
    told: list[Told] = []
    for by in (None, "f", "d"):
        over = f"partition by {by}" if by else ""
        told.append((f"count(*) over ({over})", lambda row, by=by: len(like(row, by))))  # type: ignore[misc]
        told.append((f"max(k) over ({over})", lambda row, by=by: max(o["k"] for o in like(row, by))))  # type: ignore[misc]
        told.append(
            (
                f"sum(case when a > 1 then 1 else 0 end) over ({over})",
                lambda row, by=by: sum(1 for o in like(row, by) if o["a"] is not None and o["a"] > 1),  # type: ignore[misc]
            )
        )
        for order in (("k",), ("a", "k")):
            both = f"{over} order by {', '.join(order)}".strip()

            def place(row: Row, by: str | None = by, order: tuple[str, ...] = order) -> int:
                return 1 + [o["k"] for o in ordered(like(row, by), *order)].index(row["k"])

            def before(row: Row, by: str | None = by, order: tuple[str, ...] = order) -> Any:
                found = ordered(like(row, by), *order)
                at = [o["k"] for o in found].index(row["k"])
                return found[at - 1]["a"] if at else None

            told += [(f"row_number() over ({both})", place), (f"lag(a) over ({both})", before)]
    return told


WINDOWS = windows()


def both(one: bool | None, other: bool | None) -> bool | None:
    return False if one is False or other is False else None if one is None or other is None else True


def negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def number(random: Random, depth: int) -> Told:
    kind = random.choice(("window",) * 3 + ("plain",) + ("sum", "case", "coalesce", "nullif") * (depth > 0))
    if kind == "window":
        return random.choice(WINDOWS)
    if kind == "plain":
        return random.choice([("k", lambda row: row["k"]), ("a", lambda row: row["a"]), ("2", lambda row: 2)])
    (one, first), (two, second) = number(random, depth - 1), number(random, depth - 1)
    if kind == "sum":
        return (
            f"({one} + {two})",
            lambda row: None if first(row) is None or second(row) is None else first(row) + second(row),
        )
    if kind == "coalesce":
        return f"coalesce({one}, {two})", lambda row: second(row) if first(row) is None else first(row)
    if kind == "nullif":
        return f"nullif({one}, {two})", lambda row: None if first(row) == second(row) else first(row)
    asked, condition = truth(random, depth - 1)
    return f"case when {asked} then {one} else {two} end", lambda row: first(row) if condition(row) else second(row)


def truth(random: Random, depth: int) -> Told:
    kind = random.choice(("compared", "compared") + ("and", "or", "not", "in", "null", "case") * (depth > 0))
    if kind in ("and", "or"):
        (one, first), (two, second) = truth(random, depth - 1), truth(random, depth - 1)
        if kind == "and":
            return f"({one} and {two})", lambda row: both(first(row), second(row))
        return f"({one} or {two})", lambda row: negated(both(negated(first(row)), negated(second(row))))
    if kind == "not":
        text, value = truth(random, depth - 1)
        return f"not ({text})", lambda row: negated(value(row))
    (one, first), (two, second) = number(random, depth - 1), number(random, depth - 1)
    if kind == "in":
        return f"{one} in (1, 3, 4)", lambda row: None if first(row) is None else first(row) in (1, 3, 4)
    if kind == "null":
        return f"{one} is null", lambda row: first(row) is None
    if kind == "case":
        asked, condition = truth(random, depth - 1)
        return (
            f"case when {asked} then {one} else 0 end > 2",
            lambda row: (None if first(row) is None else first(row) > 2) if condition(row) else False,
        )
    return f"{one} < {two}", lambda row: None if first(row) is None or second(row) is None else first(row) < second(row)


def drawn(random: Random) -> tuple[str, str, Value]:
    kind = random.choice(("number", "boolean", "flag"))
    if kind == "number":
        return ("number", *number(random, 3))
    text, value = truth(random, 3)
    if kind == "boolean":
        return "boolean", text, value
    return "number", f"case when {text} then 1 else 0 end", lambda row: 1 if value(row) else 0


def test_windows_within_expressions(database: Engine, draw: Draw) -> None:
    """Some in one SELECT, whose windows are in orders of their own."""
    random = Random(draw.seed)
    wrong = {}
    for _ in range(draw.rounds(12, 200) if database.name != "spark" else draw.rounds(2, 10)):
        asked = {text: (kind, value) for kind, text, value in (drawn(random) for _ in range(8))}

        def selected(names: Mapping[str, str]) -> exp.Select:
            columns = [
                exp.alias_(parse(text, CANONICAL, windows=True), name, quoted=True) for text, name in names.items()
            ]
            return exp.select("k", *columns).from_(exp.to_table(f"{database.prefix}traps"))

        asking = Asking(database, selected, {text: kind for text, (kind, _) in asked.items()})
        try:
            found, failed = asking.answers(list(asked))
        finally:
            asking.close()
        assert not failed
        for text, (_, value) in asked.items():
            told = {k: None if one is None else float(one) for k, one in found[text].items()}
            wanted = {row["k"]: None if (one := value(row)) is None else float(one) for row in ROWS}
            if told != wanted:
                wrong[text] = {k: (told[k], wanted[k]) for k in wanted if told[k] != wanted[k]}
    assert not wrong, "\n".join(f"{text}: {what}" for text, what in wrong.items())
