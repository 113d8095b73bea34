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
from reportspec.onboarding.mapping_lines import Block, Draft
from reportspec.onboarding.seen_tables import as_text
from reportspec.suggested_yaml import yaml_list

_TABLE = re.compile(r"\(table `([^`]+)`\)")
_KEYED = re.compile(r"`([^`]+)` has [\d,]+ rows? too many: `([\w.]+)` \(column `([^`]+)`\)")
_WHERE = re.compile(r"`where: ([^`]+)`")
_NULL = re.compile(r"`null: (\[[^`]+\])`")


@dataclass(slots=True)
class Cures:
    """What was found so far: by table the condition of its rows (`where`) and the column of which one row for each
    value counts (`latest`), each with why; and the texts of its file that stand for nothing."""

    where: dict[str, tuple[str, str]] = field(default_factory=dict)
    latest: dict[str, tuple[str, str]] = field(default_factory=dict)
    nothing: dict[str, list[str]] = field(default_factory=dict)

    def take(self, problems: Iterable[Diagnostic], doubled: Callable[[str, str], bool]) -> bool:
        """Take what the first problem that has a cure says; whether one does. `doubled` is whether the rows of a table
        that have a key together are the same in all columns."""
        return any(self._take(problem, doubled) for problem in problems)

    def _take(self, problem: Diagnostic, doubled: Callable[[str, str], bool]) -> bool:
        table, help = _TABLE.search(problem.message), problem.help or ""
        what = problem.message.partition("), ")[2] or problem.message
        if table is not None and (found := _WHERE.search(help)) and table[1] not in self.where:
            self.where[table[1]] = (str(yaml.safe_load(found[1])), what)
            return True
        if table is not None and (found := _NULL.search(help)):
            known = self.nothing.setdefault(table[1], [])
            texts = [text for text in map(str, yaml.safe_load(found[1])) if text not in known]
            known += texts
            return bool(texts)
        keyed = _KEYED.search(problem.message) if problem.code == "repeated-key" else None
        if keyed is not None and keyed[1] not in self.latest and doubled(keyed[1], keyed[3].strip('"')):
            self.latest[keyed[1]] = (keyed[3], "rows that stand there twice, the same in all columns, count once")
            return True
        return False

    def applied(self, draft: Draft) -> Draft:
        """The mapping with what it has to say."""
        return replace(draft, blocks=tuple(map(self._applied, draft.blocks)))

    def _applied(self, block: Block) -> Block:
        if block.where or block.each_of:
            return block
        settings = []
        if block.table in self.where:
            text, why = self.where[block.table]
            settings.append(("where", text, why))
        if block.table in self.latest and block.key is not None and not block.key.off:
            column, why = self.latest[block.table]
            settings.append(("latest", column, why))
        return replace(block, settings=tuple(settings))

    def null(self, table: str) -> str:
        """The setting of a table's file, as YAML; nothing where there is none."""
        return yaml_list(self.nothing[table]) if self.nothing.get(table) else ""

    def why_null(self, table: str) -> str:
        """Why it is set."""
        return f"{', '.join(f'`{text}`' for text in self.nothing[table])} stands for no value, it seems"


def doubled(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether rows that have the first column together have all others together, too."""
    first: dict[str, tuple[str, ...]] = {}
    for row in rows:
        texts = tuple("" if value is None else as_text(value) for value in row)
        if texts[0] and first.setdefault(texts[0], texts) != texts:
            return False
    return True
