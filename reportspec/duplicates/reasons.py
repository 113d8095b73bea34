"""Why two records are taken for the same, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reportspec.duplicates.groups import Group, Pair
from reportspec.languages import filled, vocabulary

_MOST = 5  # agreements that are told
_NUMBERED = re.compile(r"(.+)_(\d+)")


def reason(pair: Pair, language: str, called: Mapping[str, str]) -> str:
    """The agreements of a pair, in the order of the catalogue, what is the same first, and then what differs: `same
    phone; last name differs by one letter`. `called` has the names of comparisons that the user's own fields make."""
    words = vocabulary(language)["duplicates"]
    by_kind: dict[str, list[str]] = {"same": [], "alike": [], "different": []}
    for comparison, level in pair.levels:
        kind = level if level in ("same", "different") else "alike"
        by_kind[kind].append(filled(words["levels"][level], field_name(comparison, language, called)))
    agreements = [*by_kind["same"], *by_kind["alike"]][:_MOST]
    return "; ".join((*agreements, *by_kind["different"]))


def field_name(comparison: str, language: str, called: Mapping[str, str]) -> str:
    """What a comparison is called: `last name`; the second of a kind `phone (2)`."""
    fields: Mapping[str, str] = vocabulary(language)["duplicates"]["fields"]
    if comparison in called:
        return called[comparison]
    if comparison in fields:
        return fields[comparison]
    numbered = _NUMBERED.fullmatch(comparison)
    return f"{fields[numbered[1]]} ({numbered[2]})" if numbered and numbered[1] in fields else comparison


def kept_because(group: Group, language: str) -> str:
    """Why a record of a group is proposed to be kept."""
    return str(vocabulary(language)["duplicates"]["kept"][group.kept_for])
