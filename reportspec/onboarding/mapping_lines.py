"""The lines of a mapping that is proposed: what is sure as it stands, what is not with a mark to confirm, and what is
only likely as a comment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import yaml
from sqlglot import exp

from reportspec.contract.parts_of_values import part_of
from reportspec.databases import dialect_named
from reportspec.errors import SourceError
from reportspec.model.domain import Catalogue
from reportspec.model.mapping_proposals import (
    Candidate,
    ColumnSeen,
    FieldProposal,
    PartProposal,
    Proposal,
    StageSeen,
    TableSeen,
)
from reportspec.onboarding.code_lists import CodeLists
from reportspec.onboarding.column_values import outcome_flags, outcome_times, says_yes_or_no
from reportspec.onboarding.drafts import Beside, Block, Draft, Line
from reportspec.onboarding.histories import RowsOf, Told
from reportspec.onboarding.leads_and_deals import lead_blocks, steps_among
from reportspec.onboarding.lengths_of_time import in_seconds
from reportspec.onboarding.matching import CONFIDENT, CONSIDERED, USABLE
from reportspec.onboarding.name_words import (
    deletion_of,
    field_words,
    hundredths,
    is_state,
    state_of,
    state_words,
    taken_as,
    words_of,
)
from reportspec.onboarding.seen_tables import as_text
from reportspec.run.files.readings import TRUE
from reportspec.suggested_yaml import quoted_yaml

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Words of SQL that no column's name may be without quotes, of any database.
_SQL_WORDS = (
    "all and any as asc between by case cast check column constraint create cross current_date date day "
    "default delete desc distinct drop else end except exists false fetch for foreign from full grant group "
    "having in inner insert intersect interval into is join left like limit month natural not null offset on "
    "or order outer primary references right select set some table then time timestamp to true union unique "
    "update user using values when where window with year "
)
_RESERVED = frozenset(_SQL_WORDS.split())
_WORTH_A_LINE = 0.45  # confidence from which on a proposal stands in the mapping, as a comment at least
_STAGES = 40  # values: more are no stages
_WRITTEN = re.compile(r"[^0-9]*[0-9][0-9.,' \u00a0\u202f]*[.,][0-9]{2}[^0-9]*")  # an amount with its hundredths
_SAME = 0.95  # share of rows
_OVER = ("solved", "resolved", "closed")  # states of a case that say so themselves


Outcomes = tuple[tuple[str, ...], Callable[[Sequence[str]], str]]


class Writer:
    """A proposal as lines, in the SQL of a source."""

    def __init__(
        self,
        catalogue: Catalogue,
        tables: Mapping[str, TableSeen],
        dialect: str,
        chosen: Mapping[str, str],
        states: Mapping[tuple[str, str], str],
        refused: Mapping[tuple[str, str, str], str],
        told: Told,
        rows: RowsOf = lambda table, columns, by: (),
        lists: CodeLists = CodeLists(),  # noqa: B008 - frozen
    ) -> None:
        """`chosen` names the column of fields that somebody chose (empty: none); `states` what a value is taken for,
        by field and value; `refused` why a field of a table cannot be read so; `told` what rows say of stages;
        `rows` has rows of a table, `lists` say what codes mean."""
        self.catalogue, self.tables, self.dialect = catalogue, tables, dialect_named(dialect).sqlglot
        self.source_dialect = dialect
        self.chosen, self.states, self.refused, self.told = chosen, states, refused, told
        self.rows, self.lists = rows, lists
        self.by_list: dict[tuple[str, str], str] = {}  # what a code is taken for, by field and code
        self.read_lists: dict[tuple[str, str], dict[str, Beside]] = {}  # those that are joined, by entity and table
        self.lists_read: set[str] = set()

    def draft(self, proposal: Proposal) -> Draft:
        """The whole mapping."""
        parts = list(proposal.parts)
        blocks = [self._block(part, parts) for part in parts]
        deals = [block for block in blocks if block.entity == "deal" and not block.off]
        entities = {block.entity for block in blocks if not block.off}
        stages = () if "stage" in entities else _in_turn([self._stages(deal) for deal in deals])
        for entity, by in (("user", "owner_id"), ("account", "account_id")):
            if entity not in entities:
                blocks += self._named(deals, entity, by)
        return Draft(tuple(lead_blocks(self, [*blocks, *self._begun(blocks)])), stages)

    def _begun(self, blocks: Sequence[Block]) -> Iterator[Block]:
        """A row for each deal that begins its history, where that has changes alone: the stage before the first of them
        is the one in which the deal was created, and that of today where there was none."""
        by_entity = {block.entity: block for block in blocks if not block.off}
        deal, history = by_entity.get("deal"), by_entity.get("deal_stage_history")
        if deal is None or history is None or not self.told.before or deal.key is None or deal.key.off:
            return
        ours, theirs = ({one.field: one for one in block.lines if not one.off} for block in (deal, history))
        stage, created, by, at = (
            ours.get("stage_id"),
            ours.get("created_at"),
            theirs.get("deal_id"),
            theirs.get("entered_at"),
        )
        if stage is None or created is None or by is None or at is None or len(stage.columns) != 1:
            return
        before = self.column(history.table, self.told.before)
        if before.shape != self.column(deal.table, stage.columns[0]).shape:
            return
        name = self.name(before.name)
        joins = {**deal.joins, "change": Beside(history.table, by.sql, deal.key.sql, (at.sql, name))}
        lines = (
            Line("deal_id", deal.key.sql),
            Line(
                "stage_id",
                f"coalesce(nullif(change.{name}, ''), {stage.sql})"
                if before.shape == "text"
                else f"coalesce(change.{name}, {stage.sql})",
            ),
            Line("entered_at", created.sql, type=created.type),
        )
        yield Block("deal_stage_history", deal.table, None, lines, joins=joins)

    # Names

    def name(self, column: str) -> str:
        """A column's name as the source's SQL writes it."""
        if _PLAIN.fullmatch(column) and column not in _RESERVED:
            return column
        return exp.to_identifier(column, quoted=True).sql(dialect=self.dialect)

    def read(self, column: ColumnSeen) -> str:
        """What is read from a column: its value, or of lists and JSON the part of it; nothing where no SQL says it."""
        own = self.name(column.name)
        if column.shape == "list":
            return ""
        return part_of(own, column.inside, column.json, self.source_dialect) if column.inside else own

    def as_text(self, column: ColumnSeen) -> str:
        """What is read from a column of states: of numbers their text, since values are compared as texts."""
        own = self.read(column)
        if column.shape != "integer" or not own:
            return own
        return exp.cast(exp.Var(this=own), "varchar").sql(dialect=self.dialect)

    def text(self, value: str) -> str:
        """A text in the SQL of the source."""
        return exp.Literal.string(value).sql(dialect=self.dialect)

    def joined(self, *texts: str) -> str:
        """Texts behind each other in the SQL of the source, for some of which `||` means `or`; null where one is."""
        first, *rest = texts
        tree: exp.Expr = exp.Var(this=first)
        for text in rest:
            tree = exp.DPipe(this=tree, expression=exp.Var(this=text))
        return tree.sql(dialect=self.dialect)

    def is_in(self, own: str, values: Iterable[str]) -> str:
        """The condition that a text is one of several."""
        return f"trim({own}) in ({', '.join(map(self.text, values))})"

    def whens(self, own: str, by_state: Mapping[str, Iterable[str]]) -> str:
        """The branches of a `case` by which each state is what its values mean."""
        return " ".join(f"when {self.is_in(own, values)} then {self.text(state)}" for state, values in by_state.items())

    def column(self, table: str, column: str) -> ColumnSeen:
        """What a column was seen to hold."""
        return self.tables[table].columns[column]

    # Blocks

    def _block(self, part: PartProposal, parts: list[PartProposal]) -> Block:
        entity = self.catalogue.entities[part.entity]
        shared = any(other is not part and other.table == part.table for other in parts) and part.confidence <= 0.5
        lines: list[Line] = []
        joins: dict[str, Beside] = {}
        key: Line | None = None
        several = sum(1 for other in parts if other.entity == part.entity) > 1
        for name in entity.fields:
            proposed = part.fields.get(name)
            if proposed is None and f"{part.entity}.{name}" not in self.chosen:
                continue
            line = self._line(part, name, proposed)
            if line is None:
                continue
            if name == entity.key:
                if several and not line.off and not (part.entity == "deal" and self._apart(part, parts, name)):
                    told_apart = self.joined(self.text(f"{part.table}:"), line.sql)
                    line = Line(name, told_apart, line.mark, line.off, line.columns)
                key = line
            else:
                lines.append(line)
        if part.entity == "deal":
            lines, joins = self._deal(part, lines, parts)
        joins = {**joins, **self.read_lists.get((part.entity, part.table), {})}
        if part.entity == "activity":
            lines = self._done(part, lines)
        if part.entity == "stage":
            lines = self._stage(part, lines)
        if part.each_of and part.entity != "deal":
            lines = [line for line in lines if line.field != "type"]
            lines.insert(0, Line("type", self.text(part.each_of), self._other_kinds(part)))
        if part.entity == "user":
            lines = self._whole_name(part, lines)
        named = any(line.field == "name" and not line.off for line in lines)
        if part.entity in ("user", "account", "product", "campaign") and not named and key and len(key.columns) == 1:
            if not key.off and self.column(part.table, key.columns[0]).shape == "text":
                lines = [replace(key, field="name"), *(line for line in lines if line.field != "name")]
        mark = (
            ""
            if part.confidence >= CONFIDENT and not shared
            else f"{part.confidence:.0%}: {'; '.join(part.reasons) or 'by its columns'}"
        )
        settings: tuple[tuple[str, str, str], ...] = ()
        if deleted := self._deleted(part):
            sql, column = deleted
            if "is_deleted" in entity.fields:
                if not any(line.field == "is_deleted" and not line.off for line in lines):
                    lines = [one for one in lines if one.field != "is_deleted"]
                    lines.append(Line("is_deleted", sql, "", columns=(column,)))
            elif not shared:
                settings = (("where", quoted_yaml(f"not ({sql})"), "rows that are deleted are left out"),)
        column, values = part.only
        if column:
            of_kind = self.is_in(self.name(column), values)
            before = f" and {yaml.safe_load(settings[0][1])}" if settings else ""
            settings = (("where", quoted_yaml(of_kind + before), settings[0][2] if settings else ""),)
        off = shared or part.confidence < USABLE - 0.15 or all(line.off for line in lines)
        return Block(part.entity, part.table, key, tuple(lines), mark, off, "", "", joins, settings)

    def _other_kinds(self, part: PartProposal) -> str:
        """Why somebody has to look whether all rows of a table are of the kind that it is called by: a column that may
        say of each what it is. Nothing where there is none, or all rows have the same."""
        kinds = [
            column
            for column in self.tables[part.table].columns.values()
            if column.shape == "text" and len(column.values) > 1 and _of_kinds(column.name)
        ]
        names = ", ".join(f"`{column.name}`" for column in kinds)
        return f"by the table's name alone; {names} may say of each row what it is" if kinds else ""

    def _deleted(self, part: PartProposal) -> tuple[str, str] | None:
        """The condition of rows that are deleted, never null, and its column, where a column of the table says it."""
        for column in self.tables[part.table].columns.values():
            own, words = self.name(column.name), words_of(column.name)
            if column.shape in ("date", "time") and deletion_of(words):
                return f"{own} is not null", column.name
            if words not in field_words("is_deleted") or column.inside:
                continue
            if column.shape == "integer" and (column.largest or 0) <= 1:
                return f"coalesce({own}, 0) <> 0", column.name
            if column.shape == "boolean":
                return f"coalesce({own}, false)" if column.native else self._one_of(own, column), column.name
        return None

    def _one_of(self, own: str, column: ColumnSeen) -> str:
        """The condition that a text is a word for yes, never null. A column of a file that only a condition asks for is
        taken for one of booleans where all its texts are such: a text is made of it again."""
        yes = [value for value, _ in column.values if _is_yes(value)] or ["true"]
        if self.dialect == "duckdb" and {one.lower() for one in yes} == {"true"}:
            return self.is_in(f"lower(coalesce(cast({own} as varchar), ''))", ["true"])
        return self.is_in(f"coalesce({own}, '')", yes)

    def _line(self, part: PartProposal, name: str, proposed: FieldProposal | None) -> Line | None:
        table = self.tables[part.table]
        field_id = f"{part.entity}.{name}"
        candidates = proposed.candidates if proposed is not None else ()
        wanted = self.chosen.get(field_id)
        if wanted == "":
            return None
        if wanted is not None and wanted in table.columns:
            best = Candidate(part.table, wanted, 1.0, ("you said so",))
        elif candidates:
            best = candidates[0]
        else:
            return None
        if best.confidence < _WORTH_A_LINE:
            return None
        column = table.columns[best.column]
        others = [f"`{one.column}`" for one in candidates[1:3] if one.confidence > CONSIDERED]
        sql, type_, doubt = self._by_list(field_id, column, part) or self._sql(field_id, column, part.table)
        mark = "" if best.confidence >= CONFIDENT else f"{best.confidence:.0%}: {'; '.join(best.reasons)}"
        if mark and others:
            mark += f"; or {' or '.join(others)}"
        mark = "; ".join(part for part in (mark, doubt) if part)
        off = best.confidence < USABLE or not sql or (not column.filled and best.confidence < CONFIDENT)
        why = self.refused.get((part.entity, part.table, name))
        if why is not None:
            mark, off = why, True
        return Line(name, sql or self.name(best.column), mark, off, (best.column,), type_)

    def _by_list(self, field_id: str, column: ColumnSeen, part: PartProposal) -> tuple[str, str, str] | None:
        """How a field is read from a column of codes of which a list has what they mean; None where none has. States
        that are the program's own are taken by what the list says today, other texts are read off it."""
        entity, _, name = field_id.partition(".")
        known = self.catalogue.entities[entity].fields[name]
        listed = self.lists.of(part.table, column, name) if known.type == "text" and not column.inside else None
        if listed is None:
            return None
        self.lists_read.add(listed.table)
        if known.closed:
            for code, label in listed.labels.items():
                if state := taken_as(label, field_id):
                    self.by_list[field_id, code] = state
            sql, type_, doubt = self._sql(field_id, column, part.table)
            return sql, type_, "; ".join(filter(None, (f"by what `{listed.table}` says today", doubt)))
        join = f"{name}_list"
        beside = Beside(listed.table, self.name(listed.code), self.name(column.name))
        self.read_lists.setdefault((entity, part.table), {})[join] = beside
        values = tuple((listed.labels.get(value, value), number) for value, number in column.values)
        said = replace(column, name=listed.label, values=values, shape="text", sample=frozenset(listed.labels.values()))
        return self._sql(field_id, said, part.table, f"{join}.{self.name(listed.label)}")

    def _sql(self, field_id: str, column: ColumnSeen, table: str, read: str = "") -> tuple[str, str, str]:
        """How a field is read from a column: its SQL (empty: it cannot be yet), its type where that has to be said, and
        what is doubtful. `read` is what is read, where it is not the column itself."""
        entity, _, name = field_id.partition(".")
        known = self.catalogue.entities[entity].fields[name]
        own = read or self.read(column)
        told = read or self.as_text(column)
        if column.inside or not own:
            return own, "", "the first of each list" if own else "it holds lists or records"
        if state_words(field_id) and known.values:
            return self._states(field_id, column, told, known.closed, table)
        if field_id == "lead.status":
            return self._junk(column, told)
        if field_id == "case_.status":
            return self._over(column, told)
        if known.type == "boolean" and column.shape == "text" and says_yes_or_no(known, column):
            yes = [value for value, _ in column.values if state_of(value, field_id) == "yes"]
            return (self.is_in(own, yes) if yes else "false"), "", ""
        if known.type in ("money", "number", "integer"):
            if column.abbreviated:
                return (self._abbreviated(own) if self.dialect == "duckdb" else ""), "", "it ends in K, M or B"
            if column.shape == "clock":
                return "", "", "it is a length of time as hours and minutes"
            if known.unit == "seconds":
                return in_seconds(own, column)
            if known.type == "money" and column.shape == "integer" and hundredths() & set(words_of(column.name)):
                return f"{own} / 100.0", "", "its name says that it counts hundredths"
            if known.type == "money" and column.shape == "integer" and (beside := self._written_out(table, column)):
                return f"{own} / 100.0", "", f"`{beside}` beside it says that it counts hundredths"
            if known.unit == "percent" and column.shape != "percent" and (column.largest or 0) > 1:
                return f"{own} / 100.0", "", _of_two_scales(column)
        return own, "", ""

    def _written_out(self, table: str, column: ColumnSeen) -> str:
        """The column that has the amounts of one that counts hundredths written out (`€1,234.56` for 123456); nothing
        where there is none."""
        for other in self.tables[table].columns.values():
            if other.shape in ("text", "number") and other.sample and all(map(_WRITTEN.fullmatch, other.sample)):
                rows = self.rows(table, (column.name, other.name), column.name)
                both = [(as_text(one), re.sub(r"[^0-9]", "", str(out))) for one, out in rows if one and out]
                if len(both) > 1 and sum(one.lstrip("-") == out.lstrip("0") for one, out in both) > _SAME * len(both):
                    return other.name
        return ""

    def _abbreviated(self, own: str) -> str:
        factors = "when 'K' then 1000 when 'M' then 1000000 when 'B' then 1000000000"
        factor = f"case upper(right(trim({own}), 1)) {factors} else 1 end"
        return f"{factor} * cast(nullif(regexp_replace({own}, '[^0-9.-]', '', 'g'), '') as decimal(18, 4))"

    def taken_for(self, field_id: str, value: str) -> str | None:
        """The state that a value is taken for."""
        known = self.states.get((field_id, value)) or self.by_list.get((field_id, value))
        return known or taken_as(value, field_id)

    def _by_state(self, field_id: str, column: ColumnSeen) -> tuple[dict[str, list[str]], list[str]]:
        """The values of each state, and those that no word fits."""
        by_state: dict[str, list[str]] = {}
        unknown = []
        for value, _ in column.values:
            state = self.taken_for(field_id, value)
            if state is None:
                unknown.append(value)
            else:
                by_state.setdefault(state, []).append(value)
        return by_state, unknown

    def _steps(
        self, by_state: dict[str, list[str]], unknown: Sequence[str], column: ColumnSeen, table: str
    ) -> list[str]:
        """The values of unknown meaning that deals are taken for open by; they are added to those of this state."""
        taken = list(steps_among(unknown, by_state, column, self.tables[table], self.rows))
        if taken:
            by_state.setdefault("open", []).extend(taken)
        return taken

    def _states(self, field_id: str, column: ColumnSeen, own: str, closed: bool, table: str) -> tuple[str, str, str]:
        by_state, unknown = self._by_state(field_id, column)
        if not closed:
            if not by_state:
                return self.read(column) if column.shape == "integer" else own, "", self._coded(column)
            return f"case {self.whens(own, by_state)} else {own} end", "", ""
        if not by_state or (field_id == "deal.status" and not {"won", "lost"} & set(by_state)):
            return "", "", "what its values mean is not to be seen: " + _listed(v for v, _ in column.values)
        taken = self._steps(by_state, unknown, column, table) if field_id == "deal.status" else []
        unknown = [value for value in unknown if value not in taken]
        doubts = (
            f"neither won nor lost, and taken for open: {_listed(taken)}" if taken else "",
            f"not known, and in no state: {_listed(unknown)}" if unknown else "",
        )
        doubt = "; ".join(filter(None, doubts))
        if field_id == "deal.status" and (held := self._only_held(field_id, by_state)):
            doubt = "; ".join(text for text in (doubt, f"by a word that they hold: {_listed(held)}") if text)
        if column.distinct > len(column.values):
            doubt = "; ".join(text for text in (doubt, "it has more values than were looked at") if text)
        return f"case {self.whens(own, by_state)} end", "", doubt

    def _only_held(self, field_id: str, by_state: Mapping[str, list[str]]) -> list[str]:
        """The values that are taken for won or lost by a word in them, which nobody confirmed."""
        over = [value for state in ("won", "lost") for value in by_state.get(state, ())]
        said = {*self.states, *self.by_list}
        return [value for value in over if not is_state(value, field_id) and (field_id, value) not in said]

    def _junk(self, column: ColumnSeen, own: str) -> tuple[str, str, str]:
        junk = [value for value, _ in column.values if self.taken_for("lead.status", value) == "junk"]
        if not junk:
            return self.read(column) if column.shape == "integer" else own, "", self._coded(column)
        return f"case when {self.is_in(own, junk)} then 'junk' else {own} end", "", ""

    def _coded(self, column: ColumnSeen) -> str:
        """What is said of states that are numbers alone: nothing tells what each is."""
        numbers = bool(column.values) and all(value.isdecimal() for value, _ in column.values)
        return f"what its values mean is not to be seen: {_listed(v for v, _ in column.values)}" if numbers else ""

    def _over(self, column: ColumnSeen, own: str) -> tuple[str, str, str]:
        """The state of a case, with the values that say that it is over as the program knows them. What no word fits
        counts as open."""
        by_state, unknown = self._by_state("case_.status", column)
        over = {
            state: [value for value in by_state.get(state, ()) if value.lower() not in _OVER]
            for state in ("solved", "closed")
        }
        whens = {state: values for state, values in over.items() if values}
        doubt = f"neither solved nor closed, and taken for open: {_listed(unknown)}" if unknown else ""
        if not by_state:
            doubt = self._coded(column) or doubt
        plain = self.read(column) if column.shape == "integer" else own
        return (f"case {self.whens(own, whens)} else {own} end" if whens else plain), "", doubt

    # Deals and their stages

    def _deal(
        self, part: PartProposal, lines: list[Line], parts: list[PartProposal]
    ) -> tuple[list[Line], dict[str, Beside]]:
        """Status and closing dates, which hang together: a date says when a deal was closed once it is."""
        by_name = {line.field: line for line in lines}
        joins: dict[str, Beside] = {}
        if part.each_of:
            return self._of_one_outcome(part.each_of, by_name), joins
        table = self.tables[part.table]
        status = by_name.get("status")
        won = lost = ""
        opens = list[str]()
        told_of: Outcomes | None = None  # by which columns, and what their values make of a deal
        flags = outcome_flags(table)
        times = outcome_times(table)
        if (
            flags
            and "deal.status" not in self.chosen
            and (status is None or status.off or status.columns == (flags[0],))
        ):
            won, over = map(self.name, flags)
            status = Line(
                "status", f"case when {won} then 'won' when {over} then 'lost' else 'open' end", columns=flags
            )
            lost = over
            told_of = flags, lambda values: "won" if _is_yes(values[0]) else "lost" if _is_yes(values[1]) else ""
        elif status is not None and not status.off:
            column = table.columns[status.columns[0]]
            by_state, unknown = self._by_state("deal.status", column)
            if {"won", "lost"} & set(by_state):  # as the status itself: what is open by it is to be closed some day
                self._steps(by_state, unknown, column, part.table)
            own = self.as_text(table.columns[status.columns[0]])
            won, lost = (self.is_in(own, by_state[state]) if state in by_state else "" for state in ("won", "lost"))
            opens = by_state.get("open", [])
            if won and not lost and (reason := self._lost_by_reason(part, by_name.get("loss_reason"))):
                lost, opens = reason, []
                mark = f"lost are those that have a `{by_name['loss_reason'].columns[0]}`, since no state says so"
                whens = f"when {won} then 'won' when {lost} then 'lost' when {own} is not null then 'open'"
                status = replace(status, sql=f"case {whens} end", mark="; ".join(filter(None, (status.mark, mark))))
            told_of = status.columns, lambda values: self.taken_for("deal.status", values[0]) or ""
        else:
            found = self._status_by_stage(by_name.get("stage_id"), parts)
            if found is not None:
                status, (won, lost), joins, told_of = found
        if status is None and times and self.chosen.get("deal.status") is None:
            status = self._status_by_times(times)
            if len(times) == 2:  # one alone is empty of what is open, as it should be
                won, lost = (f"{self.name(times[one])} is not null" for one in ("won", "lost"))
        if status is not None:
            by_name["status"] = status
        closed = self._either(status, won, lost)
        if status is not None and not status.off and closed:
            own = self.as_text(table.columns[status.columns[0]]) if status.columns else ""
            by_value = self.is_in(own, opens) if opens and status.columns else ""
            open_ = f"not ({closed})" if flags and status.columns == flags else by_value or f"{status.sql} = 'open'"
            at, due = by_name.get("closed_at"), by_name.get("expected_close_date")
            each = self._by_outcome(part, at, times, won, lost)
            if each is not None:
                by_name["closed_at"] = each
            elif at is not None and not at.off:
                by_name["closed_at"] = self._when(part, at, closed, "closed_at")
            if told_of is not None and "closed_at" in by_name:
                by_name["closed_at"] = self._with_gaps(part, by_name["closed_at"], *told_of)
            shared = due is not None and at is not None and due.columns == at.columns
            if each is not None:
                if shared:
                    by_name.pop("expected_close_date")
            elif (
                at is not None
                and not at.off
                and (due is None or due.off or shared)
                and self._open_too(part, at, status)
            ):
                by_name["expected_close_date"] = self._when(
                    part, replace(at, field="expected_close_date"), open_, "expected_close_date"
                )
            elif due is not None and shared:
                by_name.pop("expected_close_date")
            elif due is not None and not due.off and at is None:
                by_name["expected_close_date"] = self._when(part, due, open_, "expected_close_date")
        return self._in_order(by_name), joins

    def _in_order(self, by_name: Mapping[str, Line]) -> list[Line]:
        order = list(self.catalogue.entities["deal"].fields)
        return sorted(by_name.values(), key=lambda line: order.index(line.field))

    def _of_one_outcome(self, outcome: str, by_name: dict[str, Line]) -> list[Line]:
        """The fields of deals in a table that has those of one status alone. Of open ones a day of closing is the one
        that is expected."""
        by_name["status"] = Line("status", self.text(outcome))
        at, due = by_name.get("closed_at"), by_name.get("expected_close_date")
        if outcome == "open" and at is not None:
            by_name.pop("closed_at")
            if due is None or due.off or due.columns == at.columns:
                by_name["expected_close_date"] = replace(at, field="expected_close_date")
        elif due is not None and at is not None and due.columns == at.columns:
            by_name.pop("expected_close_date")
        return self._in_order(by_name)

    def _apart(self, part: PartProposal, parts: Sequence[PartProposal], key: str) -> bool:
        """Whether no two of several tables of an entity have a key of the same text, as far as they were looked at."""
        seen = list[str]()
        for other in parts:
            proposed = other.fields.get(key) if other.entity == part.entity else None
            if proposed is not None and proposed.candidates:
                seen += self.tables[other.table].columns[proposed.candidates[0].column].sample
        return len(set(seen)) == len(seen)

    def _lost_by_reason(self, part: PartProposal, reason: Line | None) -> str:
        """The condition of deals that are lost by their having a reason for it; nothing where none has one."""
        if reason is None or reason.off or len(reason.columns) != 1:
            return ""
        column = self.column(part.table, reason.columns[0])
        if not column.filled or column.shape != "text":
            return ""
        return f"nullif(trim({self.name(column.name)}), '') is not null"

    def _either(self, status: Line | None, won: str, lost: str) -> str:
        """The condition of deals that are over: by the values of one column it is one list."""
        if status is not None and len(status.columns) == 1 and won.startswith("trim(") and lost.startswith("trim("):
            return f"{won.removesuffix(')')}, {lost.partition(' in (')[2]}"
        return " or ".join(one for one in (won, lost) if one)

    def _status_by_times(self, times: Mapping[str, str]) -> Line:
        """The status of deals of which only times say it."""
        known = [one for one in ("won", "lost") if one in times]
        whens = " ".join(f"when {self.name(times[one])} is not null then '{one}'" for one in known)
        mark = "by when deals are won and lost, since no column has their status"
        if len(times) == 1:
            [(state, column)] = times.items()
            other = "won" if state == "lost" else "lost"
            mark = f"`{column}` says which deals are {state}; which are {other} is not to be seen"
        return Line("status", f"case {whens} else 'open' end", mark, columns=tuple(times[one] for one in known))

    def _by_outcome(
        self, part: PartProposal, at: Line | None, times: Mapping[str, str], won: str, lost: str
    ) -> Line | None:
        """When deals were closed, of a column for those that are won and one for those that are lost; nothing where a
        third one says it of both, or somebody said which column it is."""
        if len(times) < 2 or not (won and lost) or "deal.closed_at" in self.chosen:
            return None
        if at is not None and not at.off and at.columns[0] not in times.values():
            return None
        if self.refused.get((part.entity, part.table, "closed_at")) is not None:
            return None
        sql = f"case when {won} then {self.name(times['won'])} when {lost} then {self.name(times['lost'])} end"
        shapes = {self.column(part.table, column).shape for column in times.values()}
        return Line(
            "closed_at", sql, columns=(times["won"], times["lost"]), type="time" if "time" in shapes else "date"
        )

    def _with_gaps(
        self, part: PartProposal, at: Line, said_by: tuple[str, ...], outcome: Callable[[Sequence[str]], str]
    ) -> Line:
        """When deals were closed, with a mark where most of those that are won, or of those that are lost, have none:
        they would be in no period, and close rates near 0 or 100 %."""
        if at.off:
            return at
        with suppress(SourceError):
            columns = [*said_by, *at.columns]
            every: Counter[str] = Counter()
            dated: Counter[str] = Counter()
            for row in self.rows(part.table, columns, columns[0]):
                texts = ["" if value is None else as_text(value) for value in row]
                state, days = outcome(texts[: len(said_by)]), texts[len(said_by) :]
                if len(days) == 2:  # of each outcome its own
                    days = days[:1] if state == "won" else days[1:]
                every[state] += 1
                dated[state] += bool(days[0])
            gaps = [state for state in ("won", "lost") if 2 * dated[state] < every[state]]
            if gaps:
                lacks = ", ".join(f"{every[state] - dated[state]} of {every[state]} {state}" for state in gaps)
                mark = f"{lacks} deals have no `{'`, `'.join(at.columns)}`"
                return replace(at, mark="; ".join(text for text in (at.mark, mark) if text), doubted=True)
        return at

    def _open_too(self, part: PartProposal, at: Line, status: Line) -> bool:
        """Whether more deals have a closing date than are closed: of those that are open it is the expected one."""
        dates = self.column(part.table, at.columns[0]).filled
        column = self.column(part.table, status.columns[0]) if status.columns else None
        if column is None or len(status.columns) > 1:
            return True  # nobody counted the closed ones; the condition leaves open ones without a date as they are
        by_state, _ = self._by_state("deal.status", column)
        over = {*by_state.get("won", ()), *by_state.get("lost", ())}
        return dates > 1.02 * sum(number for value, number in column.values if value in over)

    def _done(self, part: PartProposal, lines: list[Line]) -> list[Line]:
        """When an activity was done, by a date that those have as well that are only planned."""
        status = next((line for line in lines if line.field == "status" and not line.off and line.columns), None)
        done = next((line for line in lines if line.field == "done_at" and line.mark), None)
        if status is None or done is None or self.refused.get((part.entity, part.table, "done_at")) is not None:
            return lines
        over, _ = self._by_state("activity.status", self.column(part.table, status.columns[0]))
        if not over.get("done"):
            return lines
        when = self._when(part, done, self.is_in(self.name(status.columns[0]), over["done"]), "done_at")
        return [when if one.field == "done_at" else one for one in lines]

    def _when(self, part: PartProposal, line: Line, condition: str, field: str) -> Line:
        column = self.column(part.table, line.columns[0])
        sql = f"case when {condition} then {self.name(column.name)} end"
        kind = "date" if column.shape == "date" or field == "expected_close_date" else "time"
        return Line(line.field, sql, line.mark, line.off, line.columns, kind)

    def _status_by_stage(
        self, stage: Line | None, parts: list[PartProposal]
    ) -> tuple[Line, tuple[str, str], dict[str, Beside], Outcomes | None] | None:
        """The status of deals by the table of stages, where only that says which of them win and lose."""
        stages = next((part for part in parts if part.entity == "stage"), None)
        key = self._best(stages, "stage_id") if stages is not None else None
        if stage is None or stage.off or stages is None or key is None:
            return None
        won, lost, name = (self._best(stages, field) for field in ("is_won", "is_lost", "name"))
        if won and lost:
            is_won, is_lost = f"in_stage.{self.name(won)}", f"in_stage.{self.name(lost)}"
        elif name:
            by_state, _ = self._by_state("deal.status", self.column(stages.table, name))
            if not {"won", "lost"} <= set(by_state):
                return None
            of = f"in_stage.{self.name(name)}"
            is_won, is_lost = self.is_in(of, by_state["won"]), self.is_in(of, by_state["lost"])
        else:
            return None
        sql = f"case when {is_won} then 'won' when {is_lost} then 'lost' when {stage.sql} is not null then 'open' end"
        beside = {"in_stage": Beside(stages.table, self.name(key), stage.sql)}
        outcomes = self._outcomes_of_stages(stages.table, key, won, lost, name)
        told_of = (stage.columns, lambda values: outcomes.get(values[0], "")) if len(stage.columns) == 1 else None
        return Line("status", sql), (is_won, is_lost), beside, told_of

    def _outcomes_of_stages(
        self, table: str, key: str, won: str | None, lost: str | None, name: str | None
    ) -> Mapping[str, str]:
        """The stages by their keys that win or lose."""
        columns = [key, won, lost] if won and lost else [key, name or key]
        found: dict[str, str] = {}
        with suppress(SourceError):
            for row in self.rows(table, columns, key):
                of, *said = ("" if value is None else as_text(value) for value in row)
                by_flags = "won" if _is_yes(said[0]) else "lost" if _is_yes(said[-1]) else ""
                found[of] = by_flags if len(said) == 2 else self.taken_for("deal.status", said[0]) or ""
        return found

    def _best(self, part: PartProposal, field: str) -> str | None:
        found = part.fields.get(field)
        return found.candidates[0].column if found is not None and found.confidence >= USABLE else None

    def _stage(self, part: PartProposal, lines: list[Line]) -> list[Line]:
        """Which stages win and lose, by their names where no column says it."""
        has = {line.field for line in lines if not line.off}
        name = self._best(part, "name")
        if {"is_won", "is_lost"} <= has or name is None:
            return lines
        by_state, _ = self._by_state("deal.status", self.column(part.table, name))
        own = self.name(name)
        kept = [line for line in lines if line.field not in ("is_won", "is_lost")]
        pipeline = self._best(part, "pipeline_id")
        pipelines = self.column(part.table, pipeline).distinct if pipeline is not None else 1
        for field_name, state in (("is_won", "won"), ("is_lost", "lost")):
            values = by_state.get(state, [])
            mark = "" if values else "no stage has a name that says so"
            if values and len(values) < pipelines:
                mark = f"{pipelines} pipelines, and names of stages that say so: {len(values)}"
            kept.append(Line(field_name, self.is_in(own, values) if values else "false", mark, False, (name,)))
        return kept

    def _stages(self, deal: Block) -> tuple[StageSeen, ...]:
        """The stages that deals are in, in the order in which they follow each other as far as their names say."""
        line = next((line for line in deal.lines if line.field == "stage_id" and not line.off), None)
        if line is None:
            return ()
        column = self.column(deal.table, line.columns[0])
        if not 0 < column.distinct <= _STAGES or column.distinct > len(column.values):
            return ()
        phases = list(state_words("deal.phase"))
        numbered = numbers_of(value for value, _ in column.values)
        entered = {stage: place for place, stage in enumerate(self.told.order)}
        chances = self.told.chances
        # Chances tell the order where each stage on the way has one, and no two the same.
        on_the_way = [value for value, _ in column.values if self.taken_for("deal.status", value) in (None, "open")]
        ordered = len({chances.get(value) for value in on_the_way} - {None}) == len(on_the_way)
        lacking = ordered and not set(on_the_way) <= set(entered)  # what deals begin in stands in no change
        rated = []
        for index, (value, _) in enumerate(column.values):
            state = self.taken_for("deal.status", value)
            phase = state_of(value, "deal.phase")
            place = phases.index(phase) if phase is not None else len(phases)
            last = {"won": 1, "lost": 2}.get(state or "open", 0)
            chance = chances.get(value, 1.0)
            first = chance * lacking
            told = (
                numbered.get(value, 0),
                first,
                entered.get(value, len(entered)),
                chance * ordered,
                place,
                chance,
                index,
            )
            rated.append(((last, *told), value, state))
        found = []
        for position, (_, value, state) in enumerate(sorted(rated), 1):
            of_state = {"won": 1.0, "lost": 0.0}.get(state or "", chances.get(value))
            found.append(StageSeen(value, position, of_state, state or "open", state is not None))
        return tuple(found)

    def _named(self, deals: Sequence[Block], entity: str, by: str) -> list[Block]:
        """People or accounts that no table has: by the names that deals have of them, each from the first table of
        deals that names it."""
        key, found = self.catalogue.entities[entity].key or "", list[Block]()
        for deal in deals:
            line = next((line for line in deal.lines if line.field == by and not line.off), None)
            if line is None or len(line.columns) != 1 or self.column(deal.table, line.columns[0]).shape != "text":
                continue
            own = self.name(line.columns[0])
            before = {
                f"in_{at}": Beside(one.table, one.each_of, own, (one.each_of,)) for at, one in enumerate(found, 1)
            }
            unnamed = [f"{name}.{beside.theirs} is null" for name, beside in before.items()]
            said = Line(key, own, columns=line.columns), (Line("name", own, columns=line.columns),)
            where = " and ".join((f"{own} is not null", *unnamed))
            found.append(Block(entity, deal.table, *said, where=where, each_of=own, joins=before))
        return found

    def _is_login(self, table: str, named: Line) -> bool:
        """Whether a name is one that people log in by: it is of one word in nearly all rows."""
        column = self.column(table, named.columns[0])
        blanks = sum(" " in value.strip() for value in column.sample)
        return "user.name" not in self.chosen and column.shape == "text" and blanks < 0.2 * max(1, len(column.sample))

    def _whole_name(self, part: PartProposal, lines: list[Line]) -> list[Line]:
        """The name of a person whose first and last name stand in two columns."""
        named = next((line for line in lines if line.field == "name" and not line.off), None)
        if named is not None and not self._is_login(part.table, named):
            return lines
        firsts = {words_of(column): column for column in self.tables[part.table].columns}
        first = next(
            (firsts[w] for w in (("first", "name"), ("firstname",), ("vorname",), ("nome",)) if w in firsts), None
        )
        last = next(
            (firsts[w] for w in (("last", "name"), ("lastname",), ("nachname",), ("cognome",)) if w in firsts), None
        )
        if first is None or last is None:
            return lines
        first_name, last_name = (f"coalesce({self.name(column)}, '')" for column in (first, last))
        sql = f"trim({self.joined(first_name, self.text(' '), last_name)})"
        return [Line("name", sql, columns=(first, last)), *(line for line in lines if line.field != "name")]


def _of_two_scales(column: ColumnSeen) -> str:
    """Why somebody has to look at shares that are taken for hundredths: some of them may be fractions."""
    try:
        fractions = [value for value, _ in column.values if 0 < float(value) < 1]
    except ValueError:  # numbers as people write them
        return ""
    if not fractions:
        return ""
    largest = f"{column.largest:g}"
    return f"`{fractions[0]}` is taken for that many of 100, as `{largest}` is: it may be a fraction of 1"


_KINDS = ("type", "typ", "tipo", "kind", "category", "kategorie", "categoria", "categoría", "catégorie")


def _of_kinds(name: str) -> bool:
    """Whether a column's name says that it holds kinds (`TaskSubtype`, `Aktivitätstyp`, `Tipo di attività`)."""
    return any(word.endswith(_KINDS) for word in words_of(name))


def _is_yes(text: str) -> bool:
    return text.lower() in TRUE


def numbers_of(values: Iterable[str]) -> Mapping[str, int]:
    """The numbers that names of stages begin with (`2 - Visit`), where most of them have one of their own."""
    every = list(values)
    found = {value: int(match[1]) for value in every if (match := _NUMBERED.match(value))}
    whole = len(found) >= 0.6 * len(every) and len(set(found.values())) == len(found) > 1
    return {value: found.get(value, len(every) + max(found.values())) for value in every} if whole else {}


_NUMBERED = re.compile(r"\W*(\d{1,3})(?!\d)")


def _listed(values: Iterable[str], most: int = 8) -> str:
    every = list(values)
    return ", ".join(f"`{value[:40]}`" for value in every[:most]) + (", …" if len(every) > most else "")


def _in_turn(of_tables: Sequence[Sequence[StageSeen]]) -> tuple[StageSeen, ...]:
    """The stages of all tables of deals, each once, those that win or lose last."""
    if len(of_tables) == 1:
        return tuple(of_tables[0])
    every = {stage.value: stage for stages in reversed(of_tables) for stage in stages}
    ends = {"won": 1, "lost": 2}
    ordered = sorted(every.values(), key=lambda stage: (ends.get(stage.outcome, 0), stage.position))
    return tuple(replace(stage, position=at) for at, stage in enumerate(ordered, 1))
