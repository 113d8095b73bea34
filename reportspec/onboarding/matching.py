"""Which table is which entity, and which column which field: by names, by values, by keys and by types.

Each column is held against each field. What its name says (`name_words`) is worth most, weighed by whether its
values can be the field's at all, and raised or lowered by what they are: addresses of mail, values of states, the
keys of another entity. A column that fits another field better counts for less. `CONFIDENT` is calibrated on the
shipped mappings, each proposed from the names of the others (`tests/onboarding`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from reportspec.model.domain import Catalogue, Entity, Field
from reportspec.model.mapping_proposals import Candidate, ColumnSeen, FieldProposal, PartProposal, Proposal, TableSeen
from reportspec.onboarding.column_values import amounts_in, by_values, may_be, outcome_flags, says_outcomes, tells_apart
from reportspec.onboarding.field_names import (
    Names,
    learned,
    prefix_of,
    stripped,
    table_words,
    variants_of,
)
from reportspec.onboarding.name_words import (
    alone,
    aside,
    change_words,
    entity_words,
    field_words,
    kinds_of,
    leading_to,
    measures,
    nearest,
    sharing,
    singular,
    taken_as,
    told_by,
    words_of,
)

CONFIDENT = 0.9  # from here on a proposal is right nineteen times in twenty
USABLE = 0.55  # from here on it is written into the mapping, with a mark to confirm
CONSIDERED = 0.3  # below it is not worth a word
_RANKED = 0.04
_BEST = 5  # candidates that are kept

_BEFORE = 0.45  # what the value before a change is worth as that of after it
_CHANGED = ("stage_id", "amount", "probability", "expected_close_date", "currency")  # what a history keeps of deals

_FILLED = 0.6  # of the rows that another column has an amount in, a better one lacks no more than the rest
_STAGES = 40  # rows: a larger table is none of stages
_LEADING = 0.45  # how well a column has to fit the field that leads to another entity
_FITS = 0.7  # from here on a column is a field that says whose its table is
_SAID = 0.85  # what the names of columns are worth as that of a table
_PARTED = ("deal", "lead")  # that one table may have, with a column that says which a row is
_OUTCOMES = 0.25  # of what tells deals, so much has to be in tables that are called after what became of them
_ALIKE = 0.6  # of the columns of such tables, so many have to be the same
_WITHIN = 0.5  # of what tells an entity, so much has to be in the table of another one


Rated = tuple[float, str, tuple[str, ...]]  # how well, the column, why
Assigned = tuple[str, str, float, tuple[str, ...]]  # entity, table, how sure, why


def fields_to_map(entity: Entity) -> list[Field]:
    """The fields of an entity that a source may have."""
    return [
        field
        for field in entity.fields.values()
        if field.expr is None and field.name not in ("reopened_since", "is_junk", "is_ended")
    ]


class Matcher:
    """A source's tables held against the catalogue."""

    def __init__(self, catalogue: Catalogue, tables: Sequence[TableSeen], without: str = "") -> None:
        self.catalogue = catalogue
        self.tables = {table.name: table for table in tables}
        self.known = learned(without)
        self.names = Names(catalogue, self.known)
        self.words = table_words(self.tables)
        self.prefixes = {table.name: prefix_of(table.columns) for table in tables}
        self.told: dict[tuple[str, str, str], str] = {}  # columns by entity, field and table, as their values say
        self.key_columns: dict[str, str] = {}  # of entities that others name by another column than by their key
        self.only: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}  # by which rows of a table are of an entity
        self.owners: frozenset[str] = frozenset()  # who deals are said to be of
        self.outcomes: Mapping[str, str] = {}  # what became of the deals of a table, by its name
        self.again: set[tuple[str, str]] = set()  # entities that stand in several rows of a table of another one
        self._scores: dict[tuple[str, str, str, str], tuple[float, tuple[str, ...]]] = {}

    def entities(self) -> list[Entity]:
        """The entities that a table may be of."""
        return [e for e in self.catalogue.entities.values() if e.derived is None and e.name in entity_words()]

    def score(
        self, entity: Entity, field: Field, table: TableSeen, column: ColumnSeen
    ) -> tuple[float, tuple[str, ...]]:
        """How well a column is a field by its name and its values, and why."""
        at = (entity.name, field.name, table.name, column.name)
        if at not in self._scores:
            self._scores[at] = self._score(entity, field, table, column)
        return self._scores[at]

    def _score(
        self, entity: Entity, field: Field, table: TableSeen, column: ColumnSeen
    ) -> tuple[float, tuple[str, ...]]:
        if column.name.lower() in aside():
            return 0.0, ()
        variants = variants_of(column.name, entity.name, self.prefixes[table.name])
        near = self.names.near(entity, field, variants)
        if entity.name == "deal_stage_history" and field.name in _CHANGED and near < 1:
            near = self._of_change(entity, field, column, near)
        if field.type == "money" and near < 0.74 and column.shape in ("integer", "number"):
            ends = {words[-1:] for words, _ in variants if words}  # `close_value`
            near = 0.74 if ends & set(field_words(field.name, entity.name)) else near
        reasons = ["its name says so" if near > 0.9 else f"its name is near ({near:.0%})"]
        factor, why = by_values(field, column, table, entity)
        if field.id == "deal.status" and near < 0.8 and says_outcomes(column):
            near, reasons = 0.8, ["its values say what became of a deal"]
        if field.name == "status" and factor < 0.95 and any(words == ("status",) for words, _ in variants):
            factor = 0.95
        if field.type != "key" and words_of(column.name)[-1:] == ("id",):
            factor *= 0.5
        if field.type in ("key", "text") and measures(words_of(column.name)):
            factor *= 0.3
        score = near * may_be(field, column) * factor
        if not column.filled:
            reasons.append("it has no value to look at")
        return min(score, 1.0), (*reasons, *why)

    def _of_change(self, entity: Entity, field: Field, column: ColumnSeen, near: float) -> float:
        """How near the name of a column of a history is that says whether it is of before a change or of after it."""
        before, after = change_words()
        words = words_of(column.name)
        bare = tuple(word for word in words if word not in before and word not in after)
        if bare == words or not bare:
            return near
        without = self.names.near(entity, field, [(bare, 1.0), (stripped(bare, entity.name), 0.985)])
        return _BEFORE * max(near, without) if before & set(words) else max(near, 0.99 * without)

    # Tables

    def named(self, entity: str, table: str) -> float:
        """How near a table's name is to an entity's."""
        words = self.words[table]
        full = words_of(table.rpartition(".")[2])
        known = [*entity_words()[entity], *self.known.tables.get(entity, ())]
        near = max(nearest(words, known), nearest(full, known))
        several = [set(singular(name)) for name in known if len(name) > 1 and name[-1] != "id"]
        if any(name <= set(singular(words)) for name in several):
            near = max(near, 0.88)
        if len(words) > 1:  # what a name of several words is of stands last, or first
            own = [name for name in entity_words()[entity] if len(name) == 1]
            near = max(near, 0.8 * nearest(singular(words[-1:]), [singular(name) for name in own]) ** 4)
        return near

    def _said_by_columns(self, entity: Entity, table: TableSeen) -> bool:
        """Whether columns say what a table is of: its rows are told apart by the key of an entity, and its name stands
        in front of what others of its fields are called (`Opportunity Number`, `Opportunity Result`)."""
        own = {}
        for column in table.columns.values():
            words = words_of(column.name)
            if (bare := stripped(words, entity.name)) != words and words[-len(bare) :] == bare:
                own[column.name] = bare
        keys = [name for name, bare in own.items() if bare in field_words("key")]
        if not any(tells_apart(table.columns[name], table) for name in keys):
            return False
        fields = [field for field in fields_to_map(entity) if field.type != "key"]
        fits = [
            name
            for name in own
            if name not in keys and any(self.score(entity, f, table, table.columns[name])[0] > _FITS for f in fields)
        ]
        return len(fits) > 1

    def covered(self, entity: Entity, table: TableSeen) -> float:
        """How much of what tells an entity is in a table: the mean of its telling fields' best columns, and of all."""
        telling = told_by("telling", entity.name) or tuple(entity.fields)[:6]
        best = []
        for name in telling:
            field = entity.fields[name]
            best.append(max((self.score(entity, field, table, c)[0] for c in table.columns.values()), default=0.0))
        best.sort(reverse=True)
        return sum(best) / len(best) if best else 0.0

    def assigned(self) -> list[Assigned]:
        """The entity of each table, with how sure that is and why: (entity, table, confidence, reasons)."""
        rated: dict[tuple[str, str], tuple[float, float, float]] = {}
        for table in self.tables.values():
            for entity in self.entities():
                named = self.named(entity.name, table.name)
                if named < _SAID and self._said_by_columns(entity, table):
                    named = _SAID
                covered = self.covered(entity, table)
                if entity.name == "pipeline" and self.covered_here("deal", table.name) > 0.45:
                    continue  # deals are often called so
                # A name that is not an entity's says little; what is in the table has to say it then.
                rated[entity.name, table.name] = (0.62 * named**2 + 0.38 * covered, named, covered)
        self._users_by_keys(rated)
        taken: dict[str, str] = {}
        found: list[Assigned] = []
        united: dict[str, list[str]] = defaultdict(list)
        for (of, name), (score, named, covered) in sorted(rated.items(), key=lambda item: -item[1][0]):
            enough = score > 0.52 or (named > 0.93 and covered > 0.12) or (covered > 0.6 and of in alone())
            enough = enough or (named > 0.78 and covered > 0.12 and not united[of])
            if not enough or name in taken or not self._leads(of, name):
                continue
            if united[of] and not (kinds_of(of) and self.kind_of(of, name)):
                continue
            taken[name] = of
            united[of].append(name)
            why = []
            if named > 0.9:
                why.append("the table's name says so")
            if covered > 0.4:
                why.append("it has the columns of one")
            sure = min(0.99, max(named * 0.98 if covered > 0.2 else named * 0.85, score, covered))
            found.append((of, name, sure, tuple(why)))
        found = self._by_outcomes(found)
        taken = {table: of for of, table, *_ in found}
        self._offers_as_deals(found, taken)
        found = self._parted(found)
        deals = [self.tables[name] for of, name, *_ in found if of == "deal"]
        self.owners = frozenset(one for table in deals for one in self._owners(table))
        taken = {table: of for of, table, *_ in found}
        for of, source, again, needs in sharing():
            there = next((t for t, e in taken.items() if e == source), None)
            if of in taken.values() or there is None or (needs and not self._has(of, needs, there)):
                continue
            if self.covered_here(of, there) > _WITHIN:
                found.append((of, there, 0.5, (f"`{source}` is read from it too: say which rows are one",)))
                if again:
                    self.again.add((of, there))
        return found

    def _by_outcomes(self, found: list[Assigned]) -> list[Assigned]:
        """The same, with tables of like columns that are called after what became of their rows (`Won`, `Lost`, `Open`)
        as deals, each of this status: lists that are kept apart by it."""
        named = {table.name: taken_as(table.name.rpartition(".")[2], "deal.status") for table in self.tables.values()}
        told = {
            name: (state, frozenset(self.tables[name].columns))
            for name, state in named.items()
            if state is not None and not any(says_outcomes(one) for one in self.tables[name].columns.values())
        }
        if any(of == "deal" and table not in told for of, table, *_ in found):
            return found
        _, most = max(told.values(), key=lambda one: len(one[1]), default=("", frozenset()))
        # Lost ones may have the reason for it besides, and open ones no day of closing.
        alike = {
            name: state for name, (state, own) in told.items() if len(own & most) >= _ALIKE * min(len(own), len(most))
        }
        states = set(alike.values())
        if len(states) < 2 or states.isdisjoint(("won", "lost")):
            return found
        if max(self.covered_here("deal", name) for name in alike) < _OUTCOMES:
            return found
        self.outcomes = alike
        why = ("its name says what became of the deals in it",)
        of_others = [one for one in found if one[1] not in alike]
        return [*(("deal", name, CONFIDENT, why) for name in alike), *of_others]

    def _offers_as_deals(self, found: list[Assigned], taken: dict[str, str]) -> None:
        """Take a table of quotes for one of deals, where there is none of these and it says of some that they are won
        and of others that they are lost: a list of offers, kept by hand."""
        if "deal" in taken.values():
            return
        for at, (of, name, sure, why) in enumerate(found):
            if of == "quote" and any(says_outcomes(column) for column in self.tables[name].columns.values()):
                found[at] = ("deal", name, sure, (*why, "it says which are won and which are lost"))
                taken[name] = "deal"
                return

    def _parted(self, found: list[Assigned]) -> list[Assigned]:
        """The same, with a table of leads and of deals as both, where a column says of each row which it is."""
        for table in self.tables.values():
            at = next((at for at, one in enumerate(found) if one[1] == table.name and one[0] in _PARTED), None)
            said = self._kinds_of_rows(table)
            if at is None or said is None or len([one for one in found if one[0] in _PARTED]) > 1:
                continue
            column, values = said
            why = (f"`{column}` says which rows are",)
            for of in _PARTED:
                self.only[of, table.name] = column, values[of]
            found[at : at + 1] = [(of, table.name, 0.95, why) for of in _PARTED]
        return found

    def _kinds_of_rows(self, table: TableSeen) -> tuple[str, dict[str, tuple[str, ...]]] | None:
        """The column whose values are all names of leads or of deals, and those of each; None where there is none."""
        known = {of: {singular(name) for name in entity_words()[of]} for of in _PARTED}
        for column in table.columns.values():
            values: dict[str, list[str]] = defaultdict(list)
            for value, _ in column.values if 1 < column.distinct <= len(column.values) else ():
                of = next((of for of in _PARTED if singular(words_of(value)) in known[of]), "")
                values[of].append(value)
            if values.keys() == set(_PARTED):
                return column.name, {of: tuple(texts) for of, texts in values.items()}
        return None

    def _users_by_keys(self, rated: dict[tuple[str, str], tuple[float, float, float]]) -> None:
        """Rate a table as users before all else that it may be where it is called so and has a row for each owner that
        deals name: some CRMs call customers users."""
        deals = max((at for at in rated if at[0] == "deal"), key=lambda at: rated[at][0], default=None)
        owners = self._owners(self.tables[deals[1]]) if deals is not None else frozenset()
        for (of, name), (score, named, covered) in list(rated.items()):
            if of == "user" and named > 0.93 and self._key_of(owners, self.tables[name]):
                best = max(rate for (_, table), (rate, _, _) in rated.items() if table == name)
                rated[of, name] = (max(score, best + 0.01), named, covered)

    def _owners(self, deals: TableSeen) -> frozenset[str]:
        """The owners that a table of deals names, as far as they were looked at."""
        entity = self.catalogue.entities["deal"]
        field = entity.fields["owner_id"]
        owner = max(deals.columns.values(), key=lambda column: self.score(entity, field, deals, column)[0])
        return owner.sample if self.score(entity, field, deals, owner)[0] >= USABLE else frozenset()

    def _key_of(self, named: frozenset[str], table: TableSeen) -> str:
        """The column of a table whose rows are told apart by it, and that has what is named elsewhere; else nothing."""
        for column in table.columns.values() if named else ():
            if tells_apart(column, table) and len(column.sample & named) >= 0.9 * len(named):
                return column.name
        return ""

    def with_named(self, assigned: list[Assigned], columns: Mapping[str, str]) -> list[Assigned]:
        """The same, with a table for each entity of which somebody named columns that no table of it has: the likeliest
        of those that have them."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for field_id, column in columns.items():
            if column:
                wanted[field_id.partition(".")[0]].add(column)
        of_named: set[str] = set()
        for entity in sorted(wanted, key=lambda name: not any(one[0] == name for one in assigned)):
            fit = [table for table in self.tables.values() if wanted[entity] <= set(table.columns)]
            own = {table for name, table, *_ in assigned if name == entity}
            already = next((table.name for table in fit if table.name in own), None)
            free = [table for table in fit if table.name not in of_named]
            if already is None and free:
                already = max(free, key=lambda table: self.covered_here(entity, table.name)).name
                others = [one for one in assigned if one[1] != already and (one[0] != entity or kinds_of(entity))]
                assigned = [*others, (entity, already, CONFIDENT, ("a column of it was named",))]
            of_named |= {already} if already is not None else set()
        return assigned

    def people(self, assigned: Sequence[Assigned]) -> Assigned | None:
        """The table of users, where no name says which it is: it has a row for each owner that deals name."""
        of = {entity: table for entity, table, *_ in assigned}
        if "user" in of or "deal" not in of:
            return None
        owners = self._owners(self.tables[of["deal"]])
        taken = {table for _, table, *_ in assigned}
        for table in self.tables.values():
            key = self._key_of(owners, table) if table.name not in taken else ""
            if key:
                self.key_columns["user"] = key
                return "user", table.name, 0.85, ("it has a row for each owner of a deal",)
        return None

    def stages(self, assigned: Sequence[Assigned]) -> Assigned | None:
        """The table of stages, where no name says which it is: a small one that has a row for each stage that deals are
        in, with what they are called."""
        of = {entity: table for entity, table, *_ in assigned}
        if "stage" in of or "deal" not in of:
            return None
        deals, entity = self.tables[of["deal"]], self.catalogue.entities["deal"]
        field = entity.fields["stage_id"]
        rated = sorted((-self.score(entity, field, deals, column)[0], column.name) for column in deals.columns.values())
        named = deals.columns[rated[0][1]].sample if rated and -rated[0][0] >= 0.5 else frozenset()
        taken = {table for _, table, *_ in assigned}
        for table in self.tables.values():
            key = self._key_of(named, table) if table.name not in taken and 1 < table.rows <= _STAGES else ""
            called = any(c.shape == "text" and c.name != key and tells_apart(c, table) for c in table.columns.values())
            if key and called and len(named) > 1:
                self.key_columns["stage"] = key
                self.told["stage", "stage_id", table.name] = key
                return "stage", table.name, 0.75, ("it has a row for each stage that deals are in",)
        return None

    def history(self, assigned: Sequence[Assigned], keys: Mapping[str, frozenset[str]]) -> Assigned | None:
        """The table of the stages that deals went through, where no name says which it is: it names deals, each more
        than once, with stages that deals are in, and times."""
        of = {entity: table for entity, table, *_ in assigned}
        if "deal_stage_history" in of or "deal" not in of or not keys.get("deal"):
            return None
        deals = self.tables[of["deal"]]
        entity = self.catalogue.entities["deal"]
        field = entity.fields["stage_id"]
        now = max(deals.columns.values(), key=lambda column: self.score(entity, field, deals, column)[0])
        if self.score(entity, field, deals, now)[0] < USABLE:
            return None
        stages = keys.get("stage", frozenset()) | now.sample
        taken = {table for _, table, *_ in assigned}
        for table in self.tables.values():
            if table.name in taken:
                continue
            columns = table.columns.values()
            named = [c for c in columns if c.sample and len(c.sample & keys["deal"]) >= 0.8 * len(c.sample)]
            named = [c for c in named if c.distinct < c.filled]
            passed = [c for c in columns if c not in named and len(c.sample & stages) > max(1, 0.4 * len(c.sample))]
            timed = any(c.shape in ("date", "time") for c in columns)
            if named and passed and timed:
                self.told["deal_stage_history", "deal_id", table.name] = named[0].name
                self.told["deal_stage_history", "stage_id", table.name] = passed[0].name
                return "deal_stage_history", table.name, 0.7, ("it names deals, stages that they are in, and times",)
        return None

    def _leads(self, entity: str, table: str) -> bool:
        """Whether a table may be of an entity that is nothing without another one: a column leads to that."""
        field = leading_to(entity)
        return not field or self._has(entity, field, table, _LEADING)

    def _has(self, entity: str, field: str, table: str, least: float = CONFIDENT) -> bool:
        """Whether a column of a table is a field by its name."""
        of, there = self.catalogue.entities[entity], self.tables[table]
        return any(self.score(of, of.fields[field], there, c)[0] >= least for c in there.columns.values())

    def covered_here(self, entity: str, table: str) -> float:
        """As `covered`, by names."""
        return self.covered(self.catalogue.entities[entity], self.tables[table])

    def kind_of(self, entity: str, table: str) -> str:
        """The value that all rows of one of several tables have (`call` for a table of calls, `won` for one of won
        deals), or nothing."""
        if entity == "deal":
            return self.outcomes.get(table, "")
        words = set(words_of(table.rpartition(".")[2]))
        return next((kind for kind, names in kinds_of(entity).items() if words & set(names)), "")

    # Fields

    def part(self, entity: Entity, table: TableSeen, keys: Mapping[str, frozenset[str]]) -> dict[str, FieldProposal]:
        """How the fields of an entity are read from a table. `keys` are the keys of other entities."""
        rated: dict[str, list[tuple[float, str, tuple[str, ...]]]] = {}
        for field in fields_to_map(entity):
            ranked = []
            for column in table.columns.values():
                score, reasons = self.score(entity, field, table, column)
                score, reasons = self.by_keys(entity, field, table, column, keys, score, reasons)
                if field.name == entity.key and self._key_of_rows(entity, table, column):
                    score = 0.0
                if column.name == self.only.get((entity.name, table.name), ("",))[0]:
                    score = 0.0
                if field.type == "key" and self._own_number(entity, field, table, column):
                    score = 0.0
                if field.name == entity.key and self.key_columns.get(entity.name) == column.name:
                    score, reasons = 1.0, ("other tables name its rows by it",)
                elif field.name == entity.key and self.key_columns.get(entity.name):
                    score *= 0.8
                if self.told.get((entity.name, field.name, table.name)) == column.name:
                    score, reasons = max(score, 0.75), (*reasons, "its values say so")
                if score >= _RANKED:
                    ranked.append((score, column.name, reasons))
            rated[field.name] = sorted(ranked, key=lambda item: (-item[0], item[1]))
        if entity.name == "deal" and (flags := outcome_flags(table)):
            rated["status"].insert(0, (0.97, flags[0], ("it says whether a deal is won",)))
        elif entity.name == "deal":
            _outcomes_first(table, rated["status"])
        self._only_key(entity, table, rated)
        self._emptier(table, rated)
        self._only_date(entity, table, rated)
        self._only_time_of_changes(entity, table, rated)
        return self._shared_out(entity, table, rated)

    def _only_key(self, entity: Entity, table: TableSeen, rated: dict[str, list[Rated]]) -> None:
        """The key of rows, where no name says it: the first column with the name of a key of anything that tells them
        apart (`mql_id`)."""
        if entity.key is None or (entity.name, table.name) in self.again or self.key_columns.get(entity.name):
            return
        if any(score >= USABLE for score, *_ in rated[entity.key]):
            return
        if name := self._numbered_by(table):
            others = [one for one in rated[entity.key] if one[1] != name]
            rated[entity.key] = [(0.7, name, ("no two rows have the same",)), *others]

    def _numbered_by(self, table: TableSeen) -> str:
        """The first column with the name of a key of anything that tells rows apart, or nothing."""
        ends = {words for words in field_words("key") if len(words) == 1}
        for column in table.columns.values():
            of_key = words_of(column.name)[-1:] in ends and column.shape in ("text", "integer")
            if of_key and tells_apart(column, table) and column.filled >= table.rows > 1:
                return column.name
        return ""

    def _emptier(self, table: TableSeen, rated: dict[str, list[Rated]]) -> None:
        """An amount that most rows lack which another column has, such as that of what is over, is not theirs."""
        ranked = [one for one in rated.get("amount", ()) if one[0] >= CONSIDERED]
        most = max((amounts_in(table.columns[column]) for _, column, _ in ranked), default=0)
        for at, (score, column, why) in enumerate(rated.get("amount", ())):
            if score < 0.98 and amounts_in(table.columns[column]) < _FILLED * most:
                rated["amount"][at] = (score * 0.7, column, (*why, "another one has an amount in more rows"))
        if "amount" in rated:
            rated["amount"].sort(key=lambda item: (-item[0], item[1]))

    def _key_of_rows(self, entity: Entity, table: TableSeen, column: ColumnSeen) -> bool:
        """Whether a column is the key of the rows of a table in which those of an entity stand several times each."""
        own = words_of(column.name) in field_words("key")
        return (entity.name, table.name) in self.again and own and tells_apart(column, table)

    def _own_number(self, entity: Entity, field: Field, table: TableSeen, column: ColumnSeen) -> bool:
        """Whether a column is what an entity's rows are numbered by, though others name them by another column: it
        leads to nothing else."""
        named = self.key_columns.get(entity.name)
        if named is None or column.name == named or field.name == entity.key or entity.key is None:
            return False
        unique = column.filled > 1 and tells_apart(column, table)
        return unique and self.score(entity, entity.fields[entity.key], table, column)[0] >= CONFIDENT

    def _only_time_of_changes(self, entity: Entity, table: TableSeen, rated: dict[str, list[Rated]]) -> None:
        """When a state was entered, where no name says it and the history has one time alone."""
        if entity.name != "deal_stage_history" or any(score >= USABLE for score, *_ in rated["entered_at"]):
            return
        dates = [column for column in table.columns.values() if column.shape in ("date", "time")]
        if len(dates) == 1:
            others = [one for one in rated["entered_at"] if one[1] != dates[0].name]
            rated["entered_at"] = [(0.6, dates[0].name, ("it is the only time in it",)), *others]

    def _only_date(self, entity: Entity, table: TableSeen, rated: dict[str, list[Rated]]) -> None:
        """The date since when a row is there, where no name says it: the one that is no other field, else the only
        one."""
        since = entity.exists_from if entity.name in ("deal", "lead", "case_", "order_") else None
        if since is None or any(score >= USABLE for score, *_ in rated[since]):
            return
        dates = [column for column in table.columns.values() if column.shape in ("date", "time")]
        others = {
            ranked[0][1]
            for name, ranked in rated.items()
            if ranked and ranked[0][0] >= USABLE and entity.fields[name].type in ("date", "time")
        }
        free = [column for column in dates if column.name not in others]
        chosen = free if len(free) == 1 else dates if len(dates) == 1 and entity.name != "deal" else []
        for column in chosen:
            rated[since] = [one for one in rated[since] if one[1] != column.name]
            rated[since].insert(0, (0.6, column.name, ("it is the only other date",)))
            for name in rated if not free else ():
                if name != since:
                    rated[name] = [one for one in rated[name] if one[1] != column.name]

    def key_values(self, entity_name: str, assigned: Sequence[Assigned]) -> frozenset[str]:
        """The values by which other tables name the rows of an entity: those of its key, or of another column of its
        own, such as the name, where more tables have those."""
        entity = self.catalogue.entities[entity_name]
        own = [self.tables[table] for name, table, *_ in assigned if name == entity_name]
        if entity.key is None or not own:
            return frozenset()
        field = entity.fields[entity.key]
        usual: dict[str, float] = {}
        for table in own:
            for column in table.columns.values():
                usual[column.name] = max(usual.get(column.name, 0.0), self.score(entity, field, table, column)[0])
        best = max(usual, key=lambda name: usual[name], default="")
        if usual.get(best, 0.0) < 0.5:
            best = self._numbered_by(own[0]) if len(own) == 1 else ""
        values = {
            name: frozenset().union(*(t.columns[name].sample for t in own if name in t.columns)) for name in usual
        }
        if len(own) > 1:
            return values.get(best, frozenset())
        unique = [c.name for c in own[0].columns.values() if tells_apart(c, own[0]) and c.shape != "time"]
        named = {name: self._named_by(entity_name, values[name], assigned) for name in {*unique, best} if name}
        most = max(named.values(), default=0)
        if not most or (best and named[best] >= most):
            if most and usual[best] < CONFIDENT and best in unique:
                self.key_columns[entity_name] = best
            return values.get(best, frozenset())
        other = next((name for name in own[0].columns if named.get(name) == most), "")
        self.key_columns[entity_name] = other
        return values.get(other, frozenset())

    def _named_by(self, entity_name: str, values: frozenset[str], assigned: Sequence[Assigned]) -> int:
        """How many columns that may lead to an entity hold such values."""
        number = 0
        for name, table, *_ in assigned:
            other = self.catalogue.entities[name]
            for by in {r.by for r in other.relations.values() if r.to == entity_name and r.by != other.key}:
                field = other.fields.get(by)
                if field is None or field.expr is not None:
                    continue
                for column in self.tables[table].columns.values():
                    if column.sample and self.score(other, field, self.tables[table], column)[0] > 0.5:
                        if len(column.sample & values) >= 0.8 * len(column.sample):
                            number += 1
                            break
        return number

    def by_keys(
        self,
        entity: Entity,
        field: Field,
        table: TableSeen,
        column: ColumnSeen,
        keys: Mapping[str, frozenset[str]],
        score: float,
        reasons: tuple[str, ...],
    ) -> tuple[float, tuple[str, ...]]:
        """The same, with what the keys of the entity say to which a field leads."""
        to = next((r.to for r in entity.relations.values() if r.by == field.name), None)
        if to == "user" and to not in keys and self._are_no_owners(column):
            return score * 0.3, reasons
        if to is not None and to not in keys and to != entity.name and score < CONFIDENT:
            return score * 0.75, reasons  # nothing is named by it
        if (
            column.name.lower() in aside()
            or field.type != "key"
            or to is None
            or field.name == entity.key
            or to not in keys
            or not column.filled
        ):
            return score, reasons
        if to == entity.name and tells_apart(column, table):
            return score, reasons  # a key of its own
        there = keys[to]
        share = len(column.sample & there) / len(column.sample) if column.sample else 0.0
        if not there:
            return score, reasons
        if share >= 0.8:
            # Small numbers are in nearly every list of keys; texts and long ones are there for a reason.
            long = column.distinct >= 2 and (column.longest >= 5 or not all(map(str.isdigit, column.sample)))
            raised = min(1.0 if score > 0.85 else 0.88, score + (0.3 if long else 0.08))
            if score <= 0.3:
                raised = max(raised, 0.6) if long else score
            return raised, (*reasons, f"its values are keys of `{to}`")
        if (
            share >= 0.15 and column.distinct >= 2 and not all(map(str.isdigit, column.sample))
        ):  # keys of several entities
            return max(score * 0.92, 0.55), (*reasons, f"some of its values are keys of `{to}`")
        return (score * (0.5 if share < 0.05 and column.distinct > 2 else 0.75 if share < 0.05 else 0.92), reasons)

    def _are_no_owners(self, column: ColumnSeen) -> bool:
        """Whether a column has numbers where deals name people otherwise: how many employees an account has."""
        numbers = [one for one in column.sample if one.strip().isdigit()]
        known = bool(self.owners) and not any(one.strip().isdigit() for one in self.owners)
        return known and len(numbers) == len(column.sample) > 0

    def _instead(
        self,
        entity: Entity,
        table: TableSeen,
        field: str,
        rated: Mapping[str, list[tuple[float, str, tuple[str, ...]]]],
        known: Collection[str],
    ) -> list[Candidate]:
        """Columns of other fields that say the same of rows in some states, where no column says it by itself."""
        found: list[Candidate] = []
        for other in told_by("instead", f"{entity.name}.{field}"):
            ranked = rated.get(other) or self._changed(table)
            for score, column, _ in ranked[:1]:
                if column not in known and score > USABLE:
                    found.append(Candidate(table.name, column, 0.4, (f"where it is over, its `{other}` may say when",)))
        return found

    def _changed(self, table: TableSeen) -> list[tuple[float, str, tuple[str, ...]]]:
        """The column of a table that says when a row was last changed, of entities that keep no such time."""
        names = field_words("updated_at")
        prefix = self.prefixes[table.name]
        rated = []
        for column in table.columns.values():
            near = max(nearest(words, names) for words, _ in variants_of(column.name, "", prefix))
            if column.shape in ("date", "time", "empty") and near > 0.8:
                rated.append((near, column.name, ()))
        return sorted(rated, key=lambda item: (-item[0], item[1]))

    def _shared_out(
        self, entity: Entity, table: TableSeen, rated: Mapping[str, list[tuple[float, str, tuple[str, ...]]]]
    ) -> dict[str, FieldProposal]:
        """Columns given to fields: who fits best takes one, and for others it counts for less then."""
        taken: dict[str, tuple[str, float]] = {}
        firsts = sorted(
            ((score, field, column) for field, ranked in rated.items() for score, column, _ in ranked),
            key=lambda item: (-item[0], entity.fields[item[1]].optional, item[1]),
        )
        given: set[str] = set()
        for score, field, column in firsts:
            if score < CONSIDERED:
                break
            if field in given or (column in taken and not _together(field, taken[column][0], entity)):
                continue
            given.add(field)
            taken.setdefault(column, (field, score))
        proposals = {}
        for field, ranked in rated.items():
            found = []
            for score, column, reasons in ranked:
                holder = taken.get(column)
                if holder is not None and holder[0] != field and not _together(field, holder[0], entity):
                    score *= 0.45 if holder[1] >= score else 0.8
                    reasons = (*reasons, f"but fits `{holder[0]}` better")
                found.append(Candidate(table.name, column, score, reasons))
            found.sort(key=lambda one: -one.confidence)
            found += self._instead(entity, table, field, rated, {one.column for one in found})
            if found:
                proposals[field] = FieldProposal(entity.name, field, tuple(_calibrated(found[:_BEST])))
        return proposals


def _outcomes_first(table: TableSeen, ranked: list[Rated]) -> None:
    """Put the column that says which deals are won and which are lost before one that does not say both."""
    if ranked and not says_outcomes(table.columns[ranked[0][1]]):
        told = [one for one in ranked if one[0] >= USABLE and says_outcomes(table.columns[one[1]])]
        for score, column, why in told[:1]:
            ranked.remove((score, column, why))
            ranked.insert(0, (max(score, ranked[0][0]) if ranked else score, column, why))


def _together(one: str, other: str, entity: Entity) -> bool:
    """Whether two fields may well be read from one column."""
    pairs = (
        {"closed_at", "expected_close_date"},
        {"status", "stage_id"},
        {entity.key or "", "name"},
        {entity.key or "", "lead_id"},
        {"due_at", "done_at"},
    )
    return one == other or any({one, other} == pair for pair in pairs)


def _calibrated(found: Sequence[Candidate]) -> list[Candidate]:
    """Candidates whose confidence also says how far the first is before the second."""
    first = found[0]
    second = found[1].confidence if len(found) > 1 else 0.0
    gap = first.confidence - second
    sure = first.confidence * (1.0 if gap > 0.12 else 0.88 + gap)
    return [replace(first, confidence=min(0.99, sure)), *found[1:]]


def propose(
    catalogue: Catalogue,
    tables: Sequence[TableSeen],
    without: str = "",
    columns: Mapping[str, str] = MappingProxyType({}),
) -> Proposal:
    """The mapping that tables look like. `without` leaves out the names of one shipped mapping, as if it were not
    there. `columns` are those that somebody named for fields: a table that has them is of their entity."""
    matcher = Matcher(catalogue, tables, without)
    assigned = matcher.with_named(matcher.assigned(), columns)
    # What only shares a table with another entity has no keys that say something.
    alone = [one for one in assigned if one[2] > 0.5]
    keys = {entity: matcher.key_values(entity, assigned) for entity in {entity for entity, *_ in alone}}
    people = matcher.people(assigned)
    if people is not None:
        assigned.append(people)
        keys["user"] = matcher.key_values("user", assigned)
    stages = matcher.stages(assigned)
    if stages is not None:
        assigned.append(stages)
        keys["stage"] = matcher.key_values("stage", assigned)
    history = matcher.history(assigned, keys)
    assigned += [history] if history is not None else []
    parts = []
    for entity_name, table_name, sure, why in assigned:
        entity = catalogue.entities[entity_name]
        fields = matcher.part(entity, matcher.tables[table_name], keys)
        kind = matcher.kind_of(entity_name, table_name)
        only = matcher.only.get((entity_name, table_name), ("", ()))
        parts.append(PartProposal(entity_name, table_name, sure, why, fields, kind, only))
    unused = tuple(name for name in matcher.tables if name not in {part.table for part in parts})
    return Proposal(tuple(parts), unused=unused)
