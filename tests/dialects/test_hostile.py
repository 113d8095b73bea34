"""Hostile tokens in every slot where a name, a unit, a text or a number can stand: what is not refused
is written so that, read back, it is the tree that was meant, on every database.

Slow: each round compiles and runs a whole spec."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot import exp

from reportspec.burst.isolation import unguarded
from reportspec.burst.mark import put
from reportspec.burst.values import taken_for
from reportspec.compile import compile_report, listing
from reportspec.databases import dialect_named, dialects
from reportspec.expression.sandbox import PARTS, TYPES, UNITS, Refused, parse, table_name
from reportspec.sql.dialect import lowered, sql_text
from reportspec.sql.dialects.rewrite import Unsupported, rewritten, with_args
from reportspec.sql.wall import Breached, hold
from tests.conftest import Draw
from tests.loading import load_report

DIALECTS = dialects()
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PIECES = (
    "'", '"', "`", "\\", "[", "]", "--", "/*", "*/", ";", "#", "$", "$$", "{{", "}}", "{%", "%}", "\n", "\r", "\t",
    "\x0b", "\x1a", "\x85", "\u2028", "a", "x", "0", "1", " ", "%", "_", "?", ":a", "@", "é", "😀", "\\n", "\\u0041",
    "\\x27", "N", "e", "''", '""', "``", "]]", ".", ",", "(", ")", "=", "<", "|", "or 1=1", " from ", "select", "null",
    "year", "day", "1e999", "nan", "-", "+", "*", "/*+", "*/ or 1=1 /*", "U&'", "q'[", "x'", "pg_sleep(9)", "::int",
    "now()", "\ufeff", "\u200b", "ʼ", "＇", "\xa0",
)  # fmt: skip
PLAIN = re.compile(r"[\w %:.,()+-]*(?<!-)", re.ASCII)  # formats of times are written in each database's words
FIRST = (
    "year from now()) < 0 or 1 = 1 or extract(year", "day'", 'day" x', "') or 1=1 --", "\\' or 1=1 --", "\\", "'", '"',
    "a`b", 'a"b', "a/*b", "a--b", ".", "a.b", "{{ params.x }}", "1e999", "9" * 400, "-0", "nan", "inf", "0x1f", "1_0",
    "$1", ":name", "%s", "?", "pg_ls_dir('/etc')", "s3('http://x/y')", "deal; drop table deal", "varchar) or (1=1",
    "int[]", "decimal(1, x)", "timestamp with time zone", "utc' or '1'='1", "%d') or 1=1 --", "ß", "İ",
)  # fmt: skip


def tokens(draw: Draw, sample: int, full: int) -> Iterator[str]:
    random = Random(draw.seed)
    rounds = draw.rounds(sample, full)
    yield from FIRST
    for _ in range(rounds - len(FIRST)):
        yield "".join(random.choice(PIECES) for _ in range(random.randint(1, 6)))


def leaves(tree: exp.Expr) -> list[tuple[type, str]]:
    """The texts and names in a tree, as they follow one another."""
    return [
        (exp.Literal if isinstance(node, exp.National) else type(node), str(node.this))
        for node in tree.walk()
        if isinstance(node, (exp.Literal, exp.Identifier, exp.National))
    ]


def plain(tree: exp.Expr) -> tuple[exp.Expr, dict[str, str]]:
    """The tree with a plain word for each of its texts and quoted names, and what each stands for."""
    known: dict[str, str] = {}

    def word(node: exp.Expr) -> exp.Expr:
        text = str(node.this)
        if node.arg_key == "format":  # written in each database's words, and of plain signs only
            return node
        named = isinstance(node, exp.Identifier)
        told = isinstance(node, exp.National) or (isinstance(node, exp.Literal) and node.is_string)
        if (named or told) and not PLAIN.fullmatch(text):
            known[text] = f"word{len(known)}" if text not in known else known[text]
            new = node.copy()
            new.set("this", known[text])
            return new
        return node

    return tree.copy().transform(word), known


def read_back(tree: exp.Expr, dialect: str) -> str | None:
    """The text of a statement, once it is seen to say what its tree means; None where it is refused."""
    try:
        text = sql_text(tree, dialect_named(dialect))
    except Unsupported:
        return None
    spoken = dialect_named(dialect)
    found = lowered(tree, spoken)
    meant, known = plain(rewritten(found, spoken.named) if spoken.named else found)
    read = sqlglot.parse(text, dialect=spoken.sqlglot)
    assert len(read) == 1, text
    assert read[0] is not None
    wanted = sqlglot.parse_one(meant.sql(dialect=spoken.sqlglot), dialect=spoken.sqlglot)
    assert [type(node) for node in read[0].walk()] == [type(node) for node in wanted.walk()], text
    words = {word: text for text, word in known.items()}
    said = [(kind, words.get(text, text)) for kind, text in leaves(wanted)]
    assert leaves(read[0]) == said, text
    return text


# --- Slots of an expression -----------------------------------------------------------------------

UNIT_SLOTS = (
    "extract({} from a) = 1", 'extract("{}" from a) = 1', "extract('{}' from a) = 1", "date_diff('{}', a, b)",
    "date_diff({}, a, b)", "datediff('{}', a, b)", "date_trunc('{}', a)", "date_part('{}', a)", "a + interval 1 {}",
    "a + interval '1 {}'", "a - interval '1' \"{}\"", "a + interval (b) {}", "date_add(a, interval 1 {})",
)  # fmt: skip
TYPE_SLOTS = (
    "cast(a as {})",
    'cast(a as "{}")',
    "a::{}",
    "try_cast(a as {})",
    "cast(a as decimal({}))",
    "cast(a as varchar({}))",
    "cast(a as {}(3))",
)
FORM_SLOTS = ("strptime(a, '{}')", "strftime(a, '{}')", "a at time zone '{}'", "regexp_matches(a, 'x', '{}')",
              "regexp_replace(a, 'x', 'y', '{}')", "regexp_extract(a, 'x', {})", "a like 'x' escape '{}'",
              "cast(a as date format '{}')", "trim({} 'x' from a)", "floor(a to {})", "a ->> '$.{}'",
              "json_extract_string(a, '$.\"{}\"')", "a collate {}", "round(a, {})", "interval '{}' day")  # fmt: skip
OTHER_SLOTS = (
    "{}",
    "a = {}",
    "a in ({})",
    "a.{} = 1",
    "{}.a = 1",
    "{}(a)",
    "a {} b",
    "a = 1 /*{}*/",
    "a = 1 --{}",
    "a = 1 /*+ {} */",
    "case a when {} then 1 end",
)
RAW = (*UNIT_SLOTS, *TYPE_SLOTS, *FORM_SLOTS, *OTHER_SLOTS)


def statement(tree: exp.Expr) -> exp.Select:
    named = exp.alias_(tree, "value", quoted=True)
    return exp.Select(expressions=[named]).from_(exp.to_table("t"))


def seen(tree: exp.Expr) -> None:
    """That what is printed as it stands is on a list."""
    for node in tree.walk():
        if isinstance(node, exp.Var):
            assert node.name.upper() in PARTS, node
        if isinstance(node, exp.DataType):
            assert isinstance(node.this, exp.DataType.Type), node
            assert node.this.value in TYPES, node


def test_tokens_in_expressions(draw: Draw) -> None:
    random = Random(draw.seed)
    for token in tokens(draw, 150, 10_000):
        for slot in random.sample(RAW, 12 if draw.night else 6):
            try:
                tree = parse(slot.replace("{}", token))
            except Refused:
                continue
            seen(tree)
            for dialect in random.sample(DIALECTS, 3 if draw.night else 2):
                read_back(statement(tree), dialect)


def test_tokens_in_texts_and_names(draw: Draw) -> None:
    """As a text it is that text, as a name that name, on every database."""
    random = Random(draw.seed)
    for token in tokens(draw, 150, 10_000):
        texts = [f"a = '{token.replace(chr(39), chr(39) * 2)}'"]
        if token:
            texts.append(f'"{token.replace(chr(34), chr(34) * 2)}" = 1')
        for text in texts:
            try:
                tree = parse(text)
            except Refused:
                assert len(token) > 256
                continue
            assert token in {said for _, said in leaves(tree)}
            for dialect in random.sample(DIALECTS, 3):
                read_back(statement(tree), dialect)


def test_tokens_in_tables(draw: Draw) -> None:
    random = Random(draw.seed)
    for token in tokens(draw, 150, 10_000):
        for text in (
            token,
            f'"{token}"',
            f'"{token.replace(chr(34), chr(34) * 2)}"',
            f"crm.`{token}`",
            f"a.b.{token}",
        ):
            try:
                parts = table_name(text)
            except Refused:
                continue
            assert 1 <= len(parts) <= 3
            table = exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))
            for part in table.parts:
                part.set("quoted", True)
            for dialect in random.sample(DIALECTS, 3):
                read_back(exp.Select().select(exp.Star()).from_(table), dialect)


@pytest.mark.parametrize(
    "text",
    [
        "pg_ls_dir('/etc')",
        "query_to_xml('select 1', true, true, '')",
        "s3('http://h/x')",
        "read_csv('/etc/passwd')",
        "(select 1)",
        "deal, secret",
        "deal d",
        "deal as d",
        "a.b.c.d",
        "",
        ".",
        "a.",
        ".a",
        '""',
        '"a',
        "a b",
        "deal--",
        "deal/*x*/",
        "deal;",
        "a\nb",
        '"a\nb"',
        "'deal'",
        "deal tablesample (1)",
        "$deal(1)",
        "x(1)",
    ],
)
def test_what_is_no_table(text: str) -> None:
    with pytest.raises(Refused):
        table_name(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("deal", ["deal"]),
        ("crm.deal", ["crm", "deal"]),
        ('a."b.c".d', ["a", "b.c", "d"]),
        ('"."', ["."]),
        ('"a""b"', ['a"b']),
        ('"a/*b"', ["a/*b"]),
        ("`a``b`", ["a`b"]),
        ("[dbo].[Order x]", ["dbo", "Order x"]),
        ("my-project.set.t", ["my-project", "set", "t"]),
        ('"100%\\"', ["100%\\"]),
    ],
)
def test_what_is_a_table(text: str, names: list[str]) -> None:
    assert [part.name for part in table_name(text)] == names


def test_every_unit_is_taken() -> None:
    for unit in UNITS:
        parse(f"date_diff('{unit.lower()}', a, b) > 1")


STATEMENT_WORDS = (
    "comment",
    "describe",
    "refresh",
    "load",
    "analyze",
    "cache",
    "use",
    "show",
    "copy",
    "export",
    "begin",
    "commit",
    "rollback",
    "call",
    "execute",
    "fetch",
    "truncate",
    "optimize",
    "vacuum",
)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_expression_may_begin_as_a_statement_does(dialect: str) -> None:
    """A call of `replace`, and columns that have a name that begins a statement."""
    spoken = dialect_named(dialect).sqlglot
    tree = parse("replace(a, 'b', 'c')", spoken)
    assert isinstance(tree, exp.Replace)
    assert [node.name for node in (tree.this, tree.expression, tree.args["replacement"])] == ["a", "b", "c"]
    read = 0
    for word in STATEMENT_WORDS:
        try:
            tree = parse(f"{word} = 'x'", spoken)
        except Refused:
            continue  # the database keeps the word for itself: it is written in quotes
        assert isinstance(tree, exp.EQ)
        assert tree.this.name == word
        read += 1
    assert read >= len(STATEMENT_WORDS) - 6
    for text in (
        "replace into t values (1)",
        "a) or (b",
        ")",
        "a)",
        "set a = 1",
        "use t",
        "a; b",
        "kill 1",
        "refresh table t",
    ):
        with pytest.raises(Refused):
            parse(text, spoken)


# --- The wall itself ------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "tree",
    [
        exp.Extract(this=exp.var("year from now()) < 0 or (1"), expression=exp.column("a")),
        exp.DateDiff(this=exp.column("a"), expression=exp.column("b"), unit=exp.var("day, 1), (1")),
        exp.Literal(this="1 or 1=1", is_string=False),
        exp.Column(this=exp.Identifier(this="a or 1=1", quoted=False)),
        exp.Anonymous(this="pg_sleep(9) + f", expressions=[]),
        exp.Trim(this=exp.column("a"), position="BOTH 'x' FROM b) or (1=1", expression=exp.column("c")),
        exp.Cast(this=exp.column("a"), to=exp.DataType(this=exp.DataType.Type.USERDEFINED, kind="int) or (1")),
    ],
    ids=["extract", "unit", "number", "name", "function", "trim", "type"],
)
def test_the_wall_holds_by_itself(tree: exp.Expr, dialect: str) -> None:
    """Trees that no expression of ours may have: were they let in, they would not come out."""
    with pytest.raises(Breached):
        hold(statement(tree), dialect_named(dialect).sqlglot)


def test_the_wall_sees_what_a_writer_drops_or_groups_otherwise() -> None:
    def written(tree: exp.Expr) -> exp.Expr:
        for node in tree.walk():
            node.meta["written"] = True
        return statement(tree)

    a, b, c = (exp.column(name) for name in "abc")
    loose = exp.Mul(this=exp.Add(this=a, expression=b), expression=c)  # printed as a + b * c
    with pytest.raises(Breached):
        hold(written(loose), "duckdb")
    either = exp.And(this=exp.Or(this=a.copy(), expression=b.copy()), expression=c.copy())
    with pytest.raises(Breached):
        hold(written(either), "duckdb")
    # PostgreSQL's writer leaves out what is no plain number.
    with pytest.raises(Unsupported):
        sql_text(statement(parse("d - interval (a) day")), dialect_named("postgres"))


# --- Slots of a spec and a mapping ----------------------------------------------------------------


def spec_with(token: str, slot: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """A spec, a mapping and params in which a token stands in a slot."""
    quoted = f'"{token.replace(chr(34), chr(34) * 2)}"'
    told = f"'{token.replace(chr(39), chr(39) * 2)}'"
    records = {"id": "r", "records": {"entity": "deal", "fields": ["deal.deal_id", "deal.name"]}}
    bins = {
        "id": "b",
        "breakdown": {"metrics": ["deals_created_count"], "by": ["deal.name"], "top": 5},
    }
    spec: dict[str, Any] = {
        "version": 1,
        "report": "custom",
        "period": "2026-Q3",
        "sections": [{"id": "k", "kpis": ["deals_created_count"]}, records, bins],
    }
    fields: dict[str, Any] = {
        "deal_id": "id",
        "name": "name",
        "amount": "amount",
        "created_at": "made",
    }
    deal: dict[str, Any] = {"table": "deal", "fields": fields}
    params: dict[str, str] = {}
    match slot:
        case "eq" | "ne" | "contains" | "starts_with" | "ends_with" | "gte":
            spec["filters"] = [{"field": "deal.name", slot: token}]
        case "in" | "not_in":
            spec["filters"] = [{"field": "deal.name", slot: ["x", token]}]
        case "number":
            spec["filters"] = [{"field": "deal.amount", "gte": token}]
        case "between":
            spec["filters"] = [{"field": "deal.created_at", "between": ["2026-01-01", token]}]
        case "filter field":
            spec["filters"] = [{"field": token, "eq": "x"}]
        case "where":
            spec["where"] = f"deal.name = {told}"
        case "where raw":
            spec["where"] = f"deal.name = {token}"
        case "where unit":
            spec["where"] = f"extract({quoted} from deal.created_at) = 1"
        case "param number" | "param date" | "param truth":
            field, kind = {
                "param number": ("amount", "number"),
                "param date": ("created_at", "date"),
                "param truth": ("is_test", "boolean"),
            }[slot]
            spec["params"] = {"p": {"type": kind}}
            spec["filters"] = [{"field": f"deal.{field}", "eq": "{{ params.p }}"}]
            params["p"] = token
        case "param in where":
            spec["params"] = {"p": {"type": "string", "default": "x"}}
            spec["where"] = "deal.name = {{ params.p }}"
            params["p"] = token
        case "param name":
            spec["params"] = {token: {"type": "string", "default": "x"}}
            spec["filters"] = [{"field": "deal.name", "eq": f"{{{{ params.{token} }}}}"}]
        case "param default" | "param choice":
            choices = {"choices": [token]} if slot == "param choice" else {}
            spec["params"] = {"p": {"type": "string", "default": token, **choices}}
            spec["filters"] = [{"field": "deal.name", "eq": "{{ params.p }}"}]
        case "each":
            spec["for_each"] = {"field": "deal.name"}
        case "each field":
            spec["for_each"] = {"field": token}
        case "each where":
            spec["for_each"] = {"field": "deal.name", "where": token}
        case "goal":
            spec["goals"] = {token: 5}
        case "goal target":
            spec["goals"] = {"deals_created_count": token}
        case "goal by":
            spec["goals"] = {"deals_created_count": {"by": token, "targets": {"x": 5}}}
        case "goal of":
            spec["goals"] = {"deals_created_count": {"by": "deal.name", "targets": {token: 5}}}
        case "goal each":
            spec["for_each"] = {"field": "deal.name"}
            spec["goals"] = {"deals_created_count": {"by": "deal.name", "targets": {token: 5}}}
        case "section":
            records["id"] = token
        case "metric" | "option":
            named = token if slot == "metric" else f"renewal_rate({token}=5)"
            bins["breakdown"]["metrics"] = [named]
        case "param":
            spec["params"] = {"p": {"type": "string", "default": "x"}}
            spec["filters"] = [{"field": "deal.name", "eq": "{{ params.p }}"}]
            params["p"] = token
        case "title":
            spec["title"] = records["title"] = token
        case "sort":
            records["records"]["sort"] = token  # type: ignore[index]
        case "field":
            records["records"]["fields"] = ["deal.deal_id", token]  # type: ignore[index]
        case "by":
            bins["breakdown"]["by"] = [token]  # type: ignore[index]
        case "bins":
            bins["breakdown"]["by"] = [{"field": "deal.amount", "bins": [0, token]}]  # type: ignore[index]
        case "table":
            deal["table"] = token
        case "quoted table":
            deal["table"] = f"{quoted}.{quoted}"
        case "column":
            fields["name"] = quoted
        case "mapped":
            fields["name"] = f"coalesce(name, {told})"
        case "mapped raw":
            fields["name"] = token
        case "condition":
            deal["where"] = f"name <> {told}"
        case "join":
            deal["joins"] = {token: {"table": "other", "on": {"id": "id"}, "unique": True}}
        case "join table":
            deal["joins"] = {"o": {"table": token, "on": {"id": "id"}, "unique": True}}
            fields["name"] = "o.name"
        case "join field":
            deal["joins"] = {"o": {"table": "other", "on": {"id": "id"}, "fields": {token: "max(name)"}}}
            fields["name"] = f"o.{quoted}"
        case "latest":
            deal["latest"] = {"by": quoted, "order": f"-{quoted}"}
        case "own field":
            fields[token] = "name"
    entities = {"deal": deal}
    if slot in ("row", "row name", "row field"):
        fields["stage_id"] = "stage"
        row = {"stage_id": "1", "name": token} if slot == "row" else {"stage_id": token, "name": "x"}
        entities["stage"] = {"rows": [row if slot != "row field" else {"stage_id": "1", token: "x"}]}
        records["records"]["fields"] = ["deal.deal_id", "deal.stage.name"]  # type: ignore[index]
    if slot == "param truth":
        fields["is_test"] = "is_test"
        deal["fields"] = {**fields, "is_test": {"sql": "is_test", "type": "boolean"}}
    return spec, {"timezone": "UTC", "dialect": "duckdb", "entities": entities}, params


# By night each token stands in some of the slots, on some of the databases: all of them, thousands of times.
SLOTS = (
    "eq",
    "ne",
    "contains",
    "starts_with",
    "ends_with",
    "gte",
    "in",
    "not_in",
    "number",
    "between",
    "filter field",
    "where",
    "where raw",
    "where unit",
    "param",
    "title",
    "sort",
    "field",
    "by",
    "bins",
    "table",
    "quoted table",
    "column",
    "mapped",
    "mapped raw",
    "condition",
    "join",
    "join table",
    "join field",
    "latest",
    "own field",
    "each",
    "each field",
    "each where",
    "goal",
    "goal target",
    "goal by",
    "goal of",
    "goal each",
    "row",
    "row name",
    "row field",
    "param number",
    "param date",
    "param truth",
    "param in where",
    "param name",
    "param default",
    "param choice",
    "section",
    "metric",
    "option",
)


def built(folder: Path, token: str, slot: str) -> list[exp.Expr]:
    """The statements of the spec with the token in the slot; none where it is refused."""
    spec, mapping, params = spec_with(token, slot)
    (folder / "m.yaml").write_text(json.dumps(mapping), encoding="utf-8")
    own = {
        "version": 1,
        "source": "postgresql://u@h/d",
        "mapping": "m.yaml",
        "currency": "EUR",
        "timezone": "Europe/Rome",
        "locale": "en_GB",
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    (folder / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")
    checked = load_report(folder / "s.yaml", NOW, {}, settings=params)
    if checked.report is None:
        assert checked.diagnostics, (slot, token)
        return []
    trees = [item.tree for item in compile_report(checked.report)]
    if checked.report.each is None:
        return trees
    own = [put(tree, token) for tree in trees]
    for tree in own:
        assert unguarded(tree, token, "name") is None, token
    # Some databases are asked for all values, whose equal ones are then merged.
    lists = (listing(checked.report), taken_for(checked.report, token))
    return [*own, *(with_args(tree, distinct=None) for tree in lists)]


@pytest.mark.slow
def test_tokens_in_specs(draw: Draw, tmp_path: Path) -> None:
    random = Random(draw.seed)
    for token in tokens(draw, len(FIRST), 10_000):
        for slot in random.sample(SLOTS, 3):
            for tree in built(tmp_path, token, slot):
                for dialect in random.sample(DIALECTS, 1):
                    read_back(tree, dialect)


@pytest.mark.parametrize("slot", SLOTS)
def test_every_slot_takes_a_plain_word(slot: str, tmp_path: Path) -> None:
    """So that the tokens above stand in slots that exist."""
    word = {
        "number": "5",
        "between": "2026-03-01",
        "filter field": "deal.name",
        "sort": "deal.name",
        "field": "deal.amount",
        "by": "deal.name",
        "bins": "5",
        "where raw": "'x'",
        "where unit": "year",
        "each field": "deal.name",
        "each where": "deal.name = 'x'",
        "goal": "deals_created_count",
        "goal by": "deal.name",
        "metric": "deals_created_count",
        "param number": "5",
        "param date": "2026-03-01",
        "param truth": "true",
    }.get(slot, "name")
    if slot in ("number", "bins", "gte", "goal target", "option"):
        return  # a text there is refused
    assert built(tmp_path, word, slot), slot


def test_parts_of_dates_are_refused_with_their_place(tmp_path: Path) -> None:
    assert built(tmp_path, "year from now()) < 0 or 1 = 1 or extract(year", "where unit") == []
    checked = load_report(tmp_path / "s.yaml", NOW, {})
    told = [d for d in checked.diagnostics if "part of a date" in d.message]
    assert told, checked.diagnostics
    assert told[0].span is not None


def test_a_call_without_what_it_needs_is_refused() -> None:
    for text in (
        "concat_ws('x')",
        "concat_ws()",
        "coalesce()",
        "greatest()",
        "concat()",
        "replace(a)",
        "lpad(a)",
        "split_part(a)",
        "substring(a)",
        "case when a then end",
        "a in ()",
        "round()",
        "trim()",
    ):
        try:
            tree = parse(text)
        except Refused:
            continue
        for dialect in DIALECTS:
            read_back(statement(tree), dialect)
    with pytest.raises(Refused):
        parse("concat_ws('x')")


@pytest.mark.parametrize(
    ("low", "high", "right"),
    [
        ("2026-03-01", "2026-03-02T10:00", True),
        ("2026-03-02T10:00", "2026-03-02", True),
        ("2026-03-02T10:00", "2026-03-01", False),
        ("2026-03-03", "2026-03-02T10:00", False),
    ],
)
def test_between_a_day_and_an_instant(low: str, high: str, right: bool, tmp_path: Path) -> None:
    """A day begins before its instants and ends after them."""
    built(tmp_path, "x", "eq")
    spec, _, _ = spec_with("x", "between")
    spec["filters"] = [
        {"field": "deal.created_at", "between": [low, high]},
        {"field": "deal.created_at", "gte": "2026-01-01"},
    ]
    (tmp_path / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")
    checked = load_report(tmp_path / "s.yaml", NOW, {})
    assert (checked.report is not None) is right, checked.diagnostics
    assert right or any("larger than the second" in d.message for d in checked.diagnostics)


def test_a_dot_in_a_name_of_a_table_is_no_path() -> None:
    """BigQuery splits quoted names at their dots: there such a table is refused, elsewhere it is one name."""
    names = {"this": exp.Identifier(this="a.b", quoted=True), "db": exp.Identifier(this="crm", quoted=True)}
    tree = exp.Select().select(exp.Star()).from_(exp.Table(**names))
    for dialect in DIALECTS:
        assert (read_back(tree, dialect) is None) is (dialect == "bigquery"), dialect
