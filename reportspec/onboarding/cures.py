"""Settings that make readable what a trial could not read: messages name them, and the project gets them with a mark
to confirm, so that one line of totals does not cost a table its key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import Any

import yaml

from reportspec.diagnostics import Diagnostic
from reportspec.lazy_dataclass import dataclass
from reportspec.onboarding.drafts import Block, Draft
from reportspec.onboarding.mapping_yaml import scalar
from reportspec.onboarding.seen_tables import as_text
from reportspec.suggested_yaml import yaml_list

_WORD = re.compile(r"[A-Za-z_]\w*")
_SORTED = re.compile(r"\d{4}-\d\d-\d\d")  # how a time begins that stands in its order as a text, too
_TABLE = re.compile(r"\(table `([^`]+)`\)")
_KEYED = re.compile(r"`([^`]+)` has [\d,]+ rows? too many: `([\w.]+)` \(column `([^`]+)`\)")
_WHERE = re.compile(r"`where: ([^`]+)`")
_NULL = re.compile(r"`null: (\[[^`]+\])`")


@dataclass(slots=True)
class Cures:
    """What was found so far: by table the condition of its rows (`where`), and the column of which one row for each
    value counts with the order by which it does (`latest`), each with why; and the texts of its file that stand for
    nothing."""

    where: dict[str, tuple[str, str]] = field(default_factory=dict)
    latest: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    nothing: dict[str, list[str]] = field(default_factory=dict)

    def take(self, problems: Iterable[Diagnostic], deciding: Callable[[str, str], str]) -> bool:
        """Take what the first problem that has a cure says; whether one does. `deciding` is the order by which one of
        the rows counts that have a key of a table together, as `decides` says."""
        return any(self._take(problem, deciding) for problem in problems)

    def _take(self, problem: Diagnostic, deciding: Callable[[str, str], str]) -> bool:
        table, help = _TABLE.search(problem.message), problem.help or ""
        what = problem.message.partition("), ")[2] or problem.message
        if table is not None and (found := _WHERE.search(help)):
            return self._leave_out(table[1], str(yaml.safe_load(found[1])), what)
        if table is not None and (found := _NULL.search(help)):
            known = self.nothing.setdefault(table[1], [])
            texts = [text for text in map(str, yaml.safe_load(found[1])) if text not in known]
            known += texts
            return bool(texts)
        keyed = _KEYED.search(problem.message) if problem.code == "repeated-key" else None
        if keyed is None or keyed[1] in self.latest:
            return False
        order = deciding(keyed[1], keyed[3].strip('"'))
        why = "of several rows of one record, the one that was changed last counts"
        if order == keyed[3].strip('"'):
            order, why = keyed[3], "rows that stand there twice, the same in all columns, count once"
        if order:
            self.latest[keyed[1]] = (keyed[3], order, why)
        return bool(order)

    def _leave_out(self, table: str, condition: str, why: str) -> bool:
        """Whether a condition leaves out rows of a table that no one before it does."""
        before, reasons = self.where.get(table, ("", ""))
        if condition in before:
            return False
        self.where[table] = (
            f"({before}) and ({condition})" if before else condition,
            "; ".join(filter(None, (reasons, why))),
        )
        return True

    def applied(self, draft: Draft) -> Draft:
        """The mapping with what it has to say."""
        keys = {b.table: b.key.sql for b in draft.blocks if b.key is not None and not b.key.off and not b.each_of}
        return replace(draft, blocks=tuple(self._applied(block, keys.get(block.table, "")) for block in draft.blocks))

    def _applied(self, block: Block, key: str) -> Block:
        """A block with what it has to say; `key` is that of its table's rows."""
        if block.where or block.each_of:  # one row for each value of a column, of those rows alone that count
            text, _ = self.where.get(block.table, ("", ""))
            where = f"({block.where}) and ({text})" if block.where else text
            return replace(block, where=where, each_by=key) if text else block
        settings = list(block.settings)
        if block.table in self.where:
            text, why = self.where[block.table]
            for one in [one for one in settings if one[0] == "where"]:
                settings.remove(one)
                text, why = f"({yaml.safe_load(one[1])}) and ({text})", f"{one[2]}; {why}"
            settings.append(("where", scalar(text), why))
        if block.table in self.latest and block.key is not None and not block.key.off:
            column, order, why = self.latest[block.table]
            settings.append(("latest", f"{{by: {scalar(column)}, order: {scalar(order)}}}", why))
        return replace(block, settings=tuple(settings))

    def null(self, table: str) -> str:
        """The setting of a table's file, as YAML; nothing where there is none."""
        return yaml_list(self.nothing[table]) if self.nothing.get(table) else ""

    def why_null(self, table: str) -> str:
        """Why it is set."""
        return f"{', '.join(f'`{text}`' for text in self.nothing[table])} stands for no value, it seems"


def decides(columns: Sequence[str], rows: Sequence[Sequence[Any]], changed: Sequence[str]) -> str:
    """The order by which one of the rows counts that have the first column together: that column, where they have all
    others together, too; the first of the columns that say when a row was `changed` that tells all of them apart, last
    first (`-changed`); nothing where neither decides. Times that are texts have to begin with the year."""
    together: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        texts = tuple("" if value is None else as_text(value) for value in row)
        if texts[0]:
            together.setdefault(texts[0], []).append(texts)
    several = [found for texts in together.values() if len(found := list(dict.fromkeys(texts))) > 1]
    if not several:
        return columns[0]
    for name in changed:
        at = columns.index(name)
        times = [[texts[at] for texts in found] for found in several]
        if all(len(set(found)) == len(found) and all(map(_SORTED.match, found)) for found in times):
            return f"-{name}" if _WORD.fullmatch(name) else f'-"{name}"'
    return ""
