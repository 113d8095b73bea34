"""Values as they are compared: without what people write now one way and now another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from reportspec.duplicates.knowledge import Words
from reportspec.duplicates.subject import ACCOUNT_COUNTRY, BUYER_NAME, COUNTRY, FULL_NAME, Compared, Subject, columns_of
from reportspec.expression.trees import cast, column, literal, named, null
from reportspec.sql.dialects.rewrite import snippet

Normal = Callable[[exp.Expr, Words], exp.Expr]
ROW, SOURCE, NICKNAMES = "r", "source", "nicknames"


def duck(text: str, **parts: exp.Expr) -> exp.Expr:
    """An expression of DuckDB's SQL with trees in place of the names in it."""
    return snippet("duckdb", text, **parts)


def plain(value: exp.Expr, words: Words) -> exp.Expr:
    """A text in small letters without accents, its words apart by one space; null where it says that there is none."""
    small = duck("LOWER(CAST(x AS VARCHAR))", x=value)
    for letter, written in words.letters.items():
        small = duck("REPLACE(x, a, b)", x=small, a=literal(letter), b=literal(written))
    bare = duck("TRIM(REGEXP_REPLACE(STRIP_ACCENTS(x), p, ' ', 'g'))", x=small, p=literal(r"[^\p{L}\p{N}]+"))
    missing = exp.In(
        this=exp.Column(this=exp.to_identifier("t")), expressions=[literal(word) for word in words.missing]
    )
    return _let(bare, duck("CASE WHEN t = '' OR m THEN NULL ELSE t END", m=missing))


def _let(value: exp.Expr, body: exp.Expr) -> exp.Expr:
    """An expression over `t`, which is a value that is made once."""
    return duck("LIST_TRANSFORM([v], LAMBDA t : b)[1]", v=value, b=body)


def _without(value: exp.Expr, words: Sequence[str]) -> exp.Expr:
    """A text without some of its words, or as it is where it has no others."""
    pattern = rf"(^| )(?:{'|'.join(sorted(words, key=len, reverse=True))})(?: (?:{'|'.join(words)}))*( |$)"
    rest = duck("NULLIF(TRIM(REGEXP_REPLACE(x, p, ' ', 'g')), '')", x=value, p=literal(pattern))
    return duck("COALESCE(r, x)", r=rest, x=value)


def _given(value: exp.Expr, words: Words) -> exp.Expr:
    return _without(plain(value, words), [*words.titles, *words.suffixes])


def _family(value: exp.Expr, words: Words) -> exp.Expr:
    bare = _without(plain(value, words), [*words.titles, *words.suffixes])
    return duck("REPLACE(x, ' ', '')", x=_without(bare, words.particles))


def _of_full_name(value: exp.Expr, words: Words, last: bool) -> exp.Expr:
    """The first or the last name of a full one, which may begin with the last and a comma."""
    turned = duck(
        "CASE WHEN CONTAINS(x, ',') AND NOT REGEXP_MATCHES(x, s) THEN SPLIT_PART(x, ',', 2) || ' '"
        " || SPLIT_PART(x, ',', 1)"
        " ELSE SPLIT_PART(x, ',', 1) END",
        x=cast(value, "VARCHAR"),
        s=literal(r"^\S+\s+\S+.*,"),
    )
    bare = _without(plain(turned, words), [*words.titles, *words.suffixes])
    bare = _without(bare, words.particles) if last else bare
    return duck(
        "CASE WHEN last AND CONTAINS(x, ' ') THEN SPLIT_PART(x, ' ', -1) WHEN NOT last THEN SPLIT_PART(x, ' ', 1) END",
        x=bare,
        last=literal(last),
    )


def _spaced(word: str) -> str:
    """A legal form with or without what stands between its letters: `srl`, `s r l`."""
    return " ".join(" ?".join(part) if len(part) <= 5 else part for part in word.split())


def _company(value: exp.Expr, words: Words) -> exp.Expr:
    return _without(plain(value, words), [_spaced(form) for form in words.legal_forms])


def _code(value: exp.Expr, words: Words) -> exp.Expr:
    return duck("REPLACE(x, ' ', '')", x=plain(value, words))


def _date(value: exp.Expr, words: Words) -> exp.Expr:
    """A day as eight digits, the year first."""
    text = cast(value, "VARCHAR")
    return duck(
        "CASE WHEN REGEXP_MATCHES(x, d) THEN LPAD(REGEXP_EXTRACT(x, d, 3), 4, '0')"
        " || LPAD(REGEXP_EXTRACT(x, d, 2), 2, '0')"
        " || LPAD(REGEXP_EXTRACT(x, d, 1), 2, '0')"
        " ELSE NULLIF(LEFT(REGEXP_REPLACE(x, '[^0-9]', '', 'g'), 8), '') END",
        x=text,
        d=literal(r"^\s*(\d{1,2})[^\d](\d{1,2})[^\d](\d{4})\b"),
    )


def _email(value: exp.Expr, words: Words) -> exp.Expr:
    """An address by which one person is reached: without what stands behind a plus, and dots where they mean
    nothing. What is no address (`name@@x`) reaches nobody, and is none."""
    text = duck("REGEXP_REPLACE(LOWER(CAST(x AS VARCHAR)), p, '', 'g')", x=value, p=literal(r"\s|^mailto:"))
    mailbox = duck("SPLIT_PART(SPLIT_PART(t, '@', 1), '+', 1)")
    domain: exp.Expr = duck("SPLIT_PART(t, '@', 2)")
    dotless = exp.In(this=domain, expressions=[literal(name) for name in words.no_dots])
    mailbox = duck("CASE WHEN d THEN REPLACE(m, '.', '') ELSE m END", d=dotless, m=mailbox)
    for other, name in words.same_domains.items():
        domain = duck("CASE WHEN d = o THEN n ELSE d END", d=domain, o=literal(other), n=literal(name))
    nobody = [*words.shared_mailboxes, *words.placeholder_mailboxes]
    none = exp.In(
        this=duck("REGEXP_REPLACE(m, '[^a-z]+', ' ', 'g')", m=mailbox), expressions=[literal(name) for name in nobody]
    )
    body = duck(
        "CASE WHEN NOT REGEXP_MATCHES(t, p) OR m = '' OR none THEN NULL ELSE m || '@' || d END",
        p=literal(r"^[^@]+@[^@.]+(\.[^@.]+)+$"),
        m=mailbox,
        d=domain,
        none=none,
    )
    return _let(text, body)


def _domain(value: exp.Expr, words: Words) -> exp.Expr:
    text = duck(
        "REGEXP_REPLACE(LOWER(TRIM(CAST(x AS VARCHAR))), p, '')", x=value, p=literal(r"^(?:\w+://)?(?:.*@)?(?:www\.)?")
    )
    name = duck("SPLIT_PART(SPLIT_PART(x, '/', 1), ':', 1)", x=text)
    free = exp.In(
        this=exp.Column(this=exp.to_identifier("t")), expressions=[literal(domain) for domain in words.free_mail]
    )
    return _let(name, duck("CASE WHEN NOT CONTAINS(t, '.') OR f THEN NULL ELSE t END", f=free))


def digits_of(value: exp.Expr) -> exp.Expr:
    """The last nine digits of a telephone number without the zeros before it; null where it is none."""
    text = duck("LTRIM(REGEXP_REPLACE(CAST(x AS VARCHAR), '[^0-9]', '', 'g'), '0')", x=value)
    body = duck(
        "CASE WHEN LENGTH(t) < 6 OR REGEXP_MATCHES(t, p) OR LENGTH(REPLACE(t, RIGHT(t, 1), '')) <= 1 THEN NULL"
        " ELSE RIGHT(t, 9) END",
        p=literal(r"^1?23456"),
    )
    return _let(text, body)


def _address(value: exp.Expr, words: Words) -> exp.Expr:
    text = plain(value, words)
    for long, short in words.streets.items():
        written = re.escape(long)
        text = duck("REGEXP_REPLACE(x, p, r, 'g')", x=text, p=literal(rf"\b{written}\b"), r=literal(short))
    return text


def _amount(value: exp.Expr, words: Words) -> exp.Expr:
    """A number in its shortest form; nothing is worth nothing, and says nothing."""
    return duck("CAST(NULLIF(ROUND(TRY_CAST(x AS DECIMAL(38, 4)), 2), 0) AS VARCHAR)", x=value)


NORMAL: Mapping[str, Normal] = {
    "given_name": _given,
    "family_name": _family,
    "company": _company,
    "code": _code,
    "date": _date,
    "day": _date,
    "email": _email,
    "domain": _domain,
    "phone": lambda value, words: digits_of(value),
    "address": _address,
    "amount": _amount,
    "text": plain,
    "country": lambda value, words: duck("NULLIF(LOWER(TRIM(x)), '')", x=cast(value, "VARCHAR")),
    "deal_name": plain,
    "key": lambda value, words: cast(value, "VARCHAR"),
}


def _without_buyer(title: exp.Expr, buyer: exp.Expr, words: Words) -> exp.Expr:
    """A deal's name without the customer's, which says no more than the customer does; null where nothing is left."""
    bare = title
    for name in (plain(buyer, words), _company(buyer, words)):
        bare = duck("TRIM(REPLACE(' ' || x || ' ', COALESCE(' ' || b || ' ', ' '), ' '))", x=bare, b=name)
    return duck("NULLIF(x, '')", x=bare)


def normal_select(
    subjects: tuple[Subject, ...], index: int, compared: tuple[Compared, ...], words: Words, rows: exp.Table
) -> exp.Select:
    """The rows of a subject as they are compared: its number, its key, a column for each comparison (`v_…`), and for
    telephone numbers what is written (`w_…`) and where (`country`)."""
    subject = subjects[index]
    select = exp.Select().select(
        named(literal(index), SOURCE), named(cast(column(ROW, "record_key"), "VARCHAR"), "record_key"), copy=False
    )
    full = subject.of(FULL_NAME)
    for one in compared:
        kind = one.comparison.kind
        values = [NORMAL[kind](column(ROW, c.name), words) for c in columns_of(subject, subjects, one)]
        if one.name in ("given_name", "family_name") and full:
            values.append(_of_full_name(column(ROW, full[0].name), words, one.name == "family_name"))
        value = exp.Coalesce(this=values[0], expressions=values[1:]) if len(values) > 1 else values[0]
        if kind == "deal_name" and (buyer := subject.of(BUYER_NAME)):
            value = _without_buyer(value, column(ROW, buyer[0].name), words)
        select = select.select(named(value, f"v_{one.name}"), copy=False)
        if kind == "phone":
            [written] = columns_of(subject, subjects, one)
            select = select.select(named(cast(column(ROW, written.name), "VARCHAR"), f"w_{one.name}"), copy=False)
    country = subject.of(COUNTRY) or subject.of(ACCOUNT_COUNTRY)
    place = cast(column(ROW, country[0].name), "VARCHAR") if country else null("VARCHAR")
    select = select.select(named(place, COUNTRY), copy=False)
    return select.from_(exp.Alias(this=rows, alias=exp.to_identifier(ROW, quoted=True)), copy=False)
