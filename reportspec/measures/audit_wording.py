"""What an audit says, in the project's language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from reportspec.calendar import day_label
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.languages import as_part, in_number, percent_sign, word
from reportspec.languages.numbers import money_in
from reportspec.measures.personal_texts import covered, masked
from reportspec.model.audits import AuditCheck, Level, Outcome
from reportspec.model.domain import Texts
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.rounding import half_up


def text_in(texts: Texts, language: str) -> str:
    """A text in a language, or in English."""
    return str(texts.get(language) or texts.get("en") or "")


def words(language: str, key: str, *values: object) -> str:
    """A word or a sentence of audits."""
    return word(language, "audit", key, *values)


def called(binding: Binding, check: AuditCheck, language: str) -> str:
    """What the rows that break a check are called."""
    own = text_in(check.label, language)
    return own or _made_of(binding, check, language) + (f" ({check.when_text})" if check.when_text else "")


def _made_of(binding: Binding, check: AuditCheck, language: str) -> str:
    """A label from the kind of a check and its fields."""
    rows = text_in(binding.entity(check.entity).plural, language)
    kind = check.contract.kind.replace("-", "_") if check.contract is not None else check.kind
    fields = ", ".join(field_called(binding, path, language) for path in check.about)
    if check.kind == "broken":
        return words(language, "of_broken", rows, check.id)
    if check.contract is not None and check.contract.kind == "stale-table":
        days = (_day(day, language) for day in (check.contract.value, *check.contract.names))
        return words(language, "of_stale_table", rows, *days)
    other = ""
    if check.elsewhere is not None:
        other = as_part(language, text_in(binding.entity(check.elsewhere[0]).plural, language))
    elif check.by:
        paths = dict.fromkeys(".".join(path_of(node)) for tree in check.by for node in column_nodes(tree))
        other = ", ".join(field_called(binding, path, language) for path in paths)
    elif check.kind == "fresh_within":
        other = in_number(language, check.days, ",g")
    elif check.kind == "anomaly":
        kind = f"anomaly_{check.measure}"
    elif check.kind == "range":
        least, most = (in_number(language, n, ",.15g") if n is not None else "" for n in (check.least, check.most))
        kind = "range" if least and most else "range_least" if least else "range_most"
        return words(language, f"of_{kind}", rows, fields, least, most)
    return words(language, f"of_{kind}", rows, fields, other)


# What is said of rows that break a check of the source's contract, by its kind: what it means, and what can be done.
_SAID: dict[str, str] = {
    "no-key": "no_key",
    "repeated-key": "repeated_key",
    **dict.fromkeys(("without-key", "repeated-join", "undecided-order", "tied-rows"), "rows_apart"),
    **dict.fromkeys(("undeclared-value", "misspelt-value"), "value"),
    "stale-table": "stale",
    "no-partner": "partner",
    "no-survivor": "survivor",
    "no-currency": "currency",
    "no-rate": "rate",
    "odd-time": "time",
    **dict.fromkeys(("too-fine", "rounded-key", "too-large", "text-number"), "kind_of_value"),
    "repeated-rate": "one_rate",
    **dict.fromkeys(("history-differs", "closed-in-history"), "history"),
    "part-without-field": "part",
    **dict.fromkeys(("unlikely-rows", "impossible-rows"), "state"),
}


def remedy_of(check: AuditCheck, language: str) -> str:
    """What can be done about a check that fails: of the catalogue's what it says, of the source's contract by its kind;
    nothing of own checks that say nothing."""
    return text_in(check.remedy, language) or _said("mend", check, language)


def meaning_of(check: AuditCheck, language: str) -> str:
    """What it means that a check fails, in the same way."""
    return text_in(check.meaning, language) or _said("means", check, language)


def _said(what: str, check: AuditCheck, language: str) -> str:
    name = _SAID.get(check.contract.kind, "") if check.contract is not None else ""
    return words(language, f"{what}_{name}") if name else ""


def _day(text: str | None, language: str) -> str:
    """A day of the source as people write it; what is none stays."""
    try:
        return day_label(date.fromisoformat(text or ""), language)
    except ValueError:
        return text or ""


def measured(outcome: Outcome, language: str) -> str:
    """What was measured of an anomaly, and what was expected; nothing of others."""
    if outcome.measured is None or outcome.expected is None:
        return ""
    share_of = outcome.check.measure == "nulls"
    whole = outcome.check.measure == "rows"
    numbers = [
        percent_of(language, value)
        if share_of
        else in_number(language, value, ",.0f" if whole or abs(value) >= 1000 else ",.4g")
        for value in (outcome.measured, *outcome.expected)
    ]
    return words(language, "measured", *numbers)


def field_called(binding: Binding, path: str, language: str) -> str:
    """What a field is called."""
    parts = tuple(path.split("."))
    try:
        return text_in(binding.resolve(parts[0], parts).field.label, language)
    except Unresolved:
        return path


def is_personal(binding: Binding, path: str, check: AuditCheck | None = None) -> bool:
    """Whether a field tells who or where a person is, or a check found that its text does."""
    parts = tuple(path.split("."))
    if check is not None and check.finds_personal and path in check.about:
        return True
    return len(parts) > 1 and binding.resolve(parts[0], parts).field.personal


def key_is_personal(binding: Binding, entity: str) -> bool:
    """Whether the key of an entity is read from a column that a field which tells who somebody is has, too: an address
    of mail for a key is still one."""
    mapped, key = binding.source.entities.get(entity), binding.entity(entity).key
    if mapped is None or key is None:
        return False
    for part in mapped.parts:
        if key not in part.fields:
            continue
        columns = {column.name.lower() for column in column_nodes(part.fields[key].sql)}
        for name, read in part.fields.items():
            known = binding.field(entity, name)
            if known is not None and known.personal:
                if columns & {column.name.lower() for column in column_nodes(read.sql)}:
                    return True
    return False


def shown_key(binding: Binding, entity: str, key: str) -> str:
    """A record's key without personal data: masked where it is what tells who somebody is."""
    return masked(key) if key and key_is_personal(binding, entity) else covered(key)


def shown_value(binding: Binding, path: str, value: str, check: AuditCheck | None) -> str:
    """A value of the source without personal data: masked where its field tells of people, or a check found that it
    does."""
    return masked(value) if is_personal(binding, path, check) else covered(value)


def about(outcome: Outcome) -> str:
    """What a check is about, as people name it: a field, a relation, or the entity."""
    check = outcome.check
    if check.contract is not None:
        return check.contract.of
    return check.about[0] if check.about else check.entity


def level_called(level: Level, language: str) -> str:
    """What a level is called."""
    return words(language, level) if level in ("error", "warning", "info") else level.replace("_", " ")


def lacking(outcome: Outcome, language: str) -> str:
    """Why a check cannot be asked."""
    return words(language, outcome.why, outcome.lacks)


def share(part: int, whole: int, language: str) -> str:
    """A share as a percentage, as reports round it; 100 % is all: with the decimals that it takes, at most seven."""
    if not whole:
        return "–"
    return percent_of(language, Decimal(part) / Decimal(whole), share_decimals(part, whole))


def share_decimals(part: int, whole: int) -> int:
    """With how many decimals of a percentage a share is told from all and from nothing: as a rule with one."""
    share = Decimal(part) / Decimal(whole) if whole else Decimal(1)
    ends = (0, 1) if 0 < part < whole else ()
    return next((places for places in range(1, 7) if half_up(share, places + 2) not in ends), 7)


def percent_of(language: str, share: float | Decimal, decimals: int = 1) -> str:
    """A fraction as a percentage, as the language writes it."""
    number = float(half_up(Decimal(str(share)) * 100, decimals))
    return percent_sign(language, in_number(language, number, f",.{decimals}f"))


def money(amount: Decimal | None, currency: str | None, language: str) -> str:
    """An amount in whole units of the report's currency."""
    return "" if amount is None else money_in(language, language, amount, currency)
