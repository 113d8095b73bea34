"""The rules of a report type by which titles and leads are made, read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reportspec.check.sections import BY_GROUP
from reportspec.diagnostics import suggestion
from reportspec.model.spec import HeadingRule, HeadlineRules, LeadRule
from reportspec.resolve.document import Document

OFF = (False, "off")  # as specs write it
NO_HEADLINE = HeadlineRules()


def headline_rules(written: Mapping[str, Any] | None, language: str) -> HeadlineRules:
    """The rules with their sentences in a language, English where nobody has translated one."""
    if not written:
        return NO_HEADLINE
    lead = tuple(
        LeadRule(
            **{key: value for key, value in rule.items() if key != "say"},
            say=_text(rule.get("say", ""), language),
        )
        for rule in written.get("sentences", ())
    )
    headings = (HeadingRule(**{**rule, "tell": tuple(rule["tell"])}) for rule in written.get("headings", ()))
    return HeadlineRules(tuple(written.get("title", ())), lead, tuple(headings))


def _text(text: str | Mapping[str, str], language: str) -> str:
    return text if isinstance(text, str) else text.get(language) or text.get("en", "")


_GAP = re.compile(r"\{(\w*)\}")


def check_headline(document: Document, data: Mapping[str, Any]) -> None:
    """Tell of rules that name no section of their type, or ask for what a sentence has no value for."""
    sections = [str(section["id"]) for section in data.get("sections") or () if section.get("id")]
    for index, rule in enumerate((data.get("headline") or {}).get("headings") or ()):
        if rule.get("section") not in (*sections, BY_GROUP, None):
            message = f"this type has no section `{rule['section']}`"
            place = ("headline", "headings", index)
            document.tell("unknown-section", message, (*place, "section"), suggestion(str(rule["section"]), sections))
    for index, rule in enumerate((data.get("headline") or {}).get("sentences") or ()):
        place = ("headline", "sentences", index)
        named = rule.get("section")
        if named is not None and named not in sections:
            message = f"this type has no section `{named}`"
            document.tell("unknown-section", message, (*place, "section"), suggestion(named, sections))
        for key in ("metric", "say") if "row" in rule else ():
            if key not in rule:
                document.tell("missing-key", f"a rule with `row` needs `{key}`", place, f"add `{key}:`", key=True)
        known = ("names",) if rule.get("row") == "none" else ("name", "value") if rule.get("row") else ("value",)
        say = rule.get("say") or ""
        for text in [say] if isinstance(say, str) else say.values():
            for gap in _GAP.findall(text):
                if gap not in known:
                    message = f"there is no value `{{{gap}}}` for this sentence"
                    help = f"there is {' and '.join(f'`{{{name}}}`' for name in known)}"
                    document.tell("unknown-value", message, (*place, "say"), help)
