"""What the columns of a table's files hold: their types, and how their texts become values of them.

The field that a column is decides what it must be; a column that expressions read is what all its texts are
beyond doubt. Whatever cannot be read for certain is refused, with the setting that would read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportspec.diagnostics import counted, suggestion
from reportspec.errors import SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.letters import plain_letters
from reportspec.model.mapped import ColumnRead
from reportspec.model.settings import FileSpec
from reportspec.run.files import readings
from reportspec.run.files.cell_sql import (
    ASKED,
    PATTERNS,
    Column,
    bare_form,
    boolean_of,
    counted_where,
    differ,
    empty_column,
    family_of,
    nines,
    no_boolean,
    no_time,
    not_iso,
    number_column,
    order_of,
    parsed,
    time_column,
    time_type,
    unmarked,
    unread_by,
    value_of,
)
from reportspec.run.files.look_engine import broken, engine_for
from reportspec.run.files.opening import (
    Tally,
    Unreadable,
    broken_rows,
    engine_error,
    opened,
    tally,
    trouble,
    unreadable,
)
from reportspec.run.files.readings import NumberReading, TimeReading
from reportspec.run.files.shape import Unclear, kinds_of, shown, swallowed
from reportspec.run.files.text_file import TextFile, quoted, string
from reportspec.run.files.value_advice import as_yaml, null_setting, time_advice

if TYPE_CHECKING:
    import duckdb

_SAMPLE = 1000  # rows that may rule out what a column could be
_OF_DATES = 3  # digits of a date that begins with the name of its month, at least
_SEVERAL = 3  # values that say what a column holds
_EXAMPLES = 2
_LISTED = 12  # values of a column that are told apart
_MOST_FORMS = 1000
_NOTHING = (
    "JSON",
    "INTEGER",
    '"NULL"',
)  # what files without text have for the type of no value at all
_NUMERIC = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*")  # types of files that have some


@dataclass(frozen=True, slots=True)
class Description:
    """What a table's files hold. `blank` says that they have rows without a single value, which are none; `bare` how
    many of one column have none and are rows all the same; `even` that their line ends are made alike first."""

    columns: tuple[Column, ...]
    rows: int
    blank: bool
    bare: int
    even: bool
    said: tuple[str, ...]
    names: tuple[str, ...] = ()  # of all columns that are there, also those that nobody reads


State = tuple[tuple[int, ...], ...]


@lru_cache(maxsize=256)
def described(
    table: str, spec: FileSpec, reads: tuple[ColumnRead, ...], texts: bool, whole: bool, states: State
) -> Description:
    """What a table's files hold, of which `states` tells whether they were changed. Without `reads` it is all
    columns, else those, and others as they stand if `whole` says so. `texts` leaves all texts as they are. Raises
    SourceError."""
    import duckdb

    with ExitStack() as stack:
        engine, folder = engine_for(stack)
        with engine.cursor() as raw:  # its temporary tables go with it
            try:
                return _Look(raw, table, spec, reads, texts, whole, folder).found()
            except duckdb.Error as error:
                if isinstance(error, (duckdb.InternalException, duckdb.FatalException)):
                    broken()
                raise engine_error(error, table, spec.paths) from None


class _Look:
    """One look at the files of a table."""

    def __init__(
        self,
        raw: duckdb.DuckDBPyConnection,
        table: str,
        spec: FileSpec,
        reads: tuple[ColumnRead, ...],
        texts: bool,
        whole: bool,
        folder: str,
    ) -> None:
        self.raw, self.table, self.spec, self.texts, self.folder = raw, table, spec, texts, folder
        self.whole = whole
        self.reads = {read.column.lower(): read for read in reads}
        self.expected = frozenset(read.column for read in reads)
        self.relation = opened(raw, table, spec, folder, self.expected)
        self.even = False
        self.problems: list[SourceError] = []
        self.formats = dict(spec.date_format)

    # What is asked of the engine

    def ask(self, selections: Sequence[str]) -> tuple[Any, ...]:
        row = self.raw.execute(f"SELECT {', '.join(selections)} FROM {self.relation.sql}").fetchone()
        assert row is not None
        return row

    def found(self) -> Description:
        self.check_names()
        try:
            return self.looked()
        except SourceError as error:
            error.columns = tuple(self.relation.types)
            raise

    def looked(self) -> Description:
        self.tallies = [self.tallied(file) for file in self.relation.files if not file.first_row]
        columns = self.columns()
        wanted = {name: self.candidates(name, kind) for name, kind in columns.items()}
        aggregates: list[str] = []
        at: dict[str, int] = {}
        for name, families in wanted.items():
            at[name] = len(aggregates)
            for family in families:
                aggregates += [text.format(quoted(name)) for text in ASKED[family]]
        base = len(aggregates)
        aggregates += self.structure()
        answers = self.first(aggregates)
        rows, blank, bare = self.check_rows(answers[base:])
        described = []
        for name, kind in columns.items():
            values = answers[at[name] :]
            families, parts = wanted[name], {}
            for family in families:
                size = len(ASKED[family])
                parts[family], values = values[:size], values[size:]
            described.append(self.column(name, kind, parts))
        if self.problems:
            first, *rest = self.problems
            first.also = tuple(rest)
            misread = first.code != "unclear-date"  # dates that fit two ways stand where they belong
            if misread and rest and first.notes and all(column.notes[:1] == first.notes[:1] for column in rest):
                first.notes += ("its values may stand under the wrong names: a field is missing or too many",)
            raise first
        return Description(
            tuple(described), rows, blank, bare, self.even, self.relation.said, tuple(self.relation.types)
        )

    def tallied(self, file: TextFile) -> Tally:
        try:
            return tally(file)
        except Unclear as unclear:
            raise trouble(self.table, file.name, unclear) from None
        except Unreadable as error:
            raise unreadable(self.table, file.name, error, file.path) from None

    def first(self, asked: Sequence[str]) -> tuple[Any, ...]:
        """The first pass, in which the engine meets every row."""
        import duckdb

        try:
            return self.ask(asked)
        except duckdb.Error as error:
            for file in self.relation.files:
                broken = broken_rows(self.table, file)
                if broken is not None:
                    raise broken from None
            if not self.relation.files or self.even:
                raise engine_error(error, self.table, self.spec.paths) from None
        self.even = True
        self.relation = opened(self.raw, self.table, self.spec, self.folder, self.expected, even=True)
        self.tallies = [self.tallied(file) for file in self.relation.files if not file.first_row]
        return self.first(asked)

    def columns(self) -> dict[str, str]:
        """The columns to look at, with their types in the files."""
        if not self.reads or self.whole:
            return dict(self.relation.types)
        return {name: kind for name, kind in self.relation.types.items() if name.lower() in self.reads}

    def check_names(self) -> None:
        spec = self.spec
        if self.texts and (spec.decimal or spec.thousands or spec.percent):
            raise SourceError(
                "contradiction",
                f"`decimal`, `thousands` and `percent` of `{self.table}` "
                "change nothing: the mapping has all columns as texts",
                "write `csv_columns: typed` in a mapping that extends it",
                table=self.table,
            )
        known = list(self.relation.types)
        for key, names in (("date_format", self.formats), ("percent", spec.percent)):
            for name in names:
                if name and name.lower() not in {other.lower() for other in known}:
                    raise SourceError(
                        "unknown-column",
                        f"`{key}` names the column `{shown(name)}`, which the files of `{self.table}` do not have",
                        suggestion(name, known),
                        table=self.table,
                    )

    def kind(self, name: str) -> str:
        """The type of the field that a column is, if it is one as it stands."""
        read = self.reads.get(name.lower())
        return read.type if read and not self.texts else ""

    def any_type(self, name: str) -> str:
        """The type of a column without any value that expressions alone read: one that fits in all of them."""
        read = self.reads.get(name.lower())
        if read is None or self.texts:
            return "VARCHAR"
        return "TIMESTAMP" if read.timed else '"NULL"'

    def in_percent(self, name: str) -> bool:
        """Whether the project says that a column's numbers are hundredths."""
        return name.lower() in {other.lower() for other in self.spec.percent}

    def cells(self, name: str) -> str:
        """What all cells of a column are in the sheets of a table, `mixed` where they are of several types; nothing of
        text files."""
        kinds = {file.typed[name] for file in self.relation.files if name in file.typed}
        return kinds.pop() if len(kinds) == 1 else "mixed" if kinds else ""

    def summed(self, name: str) -> bool:
        """Whether an expression takes a column for a number."""
        read = self.reads.get(name.lower())
        return read is not None and read.number and not self.texts

    def reckoned(self, name: str) -> bool:
        """Whether an expression reckons with a column or compares it with numbers, which goes with no texts."""
        read = self.reads.get(name.lower())
        return read is not None and read.reckoned and not self.texts

    def unclear_sum(self, name: str, answers: Sequence[Any]) -> bool:
        """Whether an expression takes texts for numbers that are written in a way of their own, or in one that can be
        read in two."""
        _, bad, dots, odd, *_ = answers
        declared = self.spec.decimal or self.spec.thousands
        unclear = not bad and dots and not odd and self.cells(name) != "number"
        return bool(self.summed(name) and (declared or unclear))

    def field_name(self, name: str) -> str:
        """The field that a column is, as the mapping names it."""
        read = self.reads.get(name.lower())
        return read.field.rpartition(".")[2] if read and read.field else name

    # Rows

    def structure(self) -> list[str]:
        """What is asked to know that every row is one."""
        if not self.relation.files:
            return ["count(*)"]
        names = list(self.relation.types)
        blank = f"count_if(coalesce({', '.join(map(quoted, names))}, NULL) IS NULL)"
        # The first columns are enough to look for a header among the rows; then Python looks at all.
        same = " AND ".join(f"lower({unmarked(quoted(name))}) = lower({string(name)})" for name in names[:3])
        return ["count(*)", blank, f"count_if({same})"]

    def check_rows(self, answers: Sequence[Any]) -> tuple[int, bool, int]:
        """How many rows there are, whether some have no value, and how many of these are rows. Raises SourceError
        where rows are none."""
        answers = [int(answer or 0) for answer in answers]
        rows, blank, repeated = (*answers, 0, 0)[:3]
        if not self.relation.files:
            return rows, False, 0
        if repeated:
            self.refuse_repeated()
        texts = [file for file in self.relation.files if not file.first_row]
        if texts:
            names = list(self.relation.types)
            delimiters = sum(tally.delimiters for tally in self.tallies) - (len(names) - 1) * rows
            if delimiters:
                self.check_delimiters(delimiters, texts)
            if sum(tally.lines for tally in self.tallies) != rows and len(names) > 1:
                self.check_line_ends(texts)
        bare = self.bare_rows(texts) if blank and len(self.relation.types) == 1 else 0
        return rows - blank + bare, bool(blank), bare

    def bare_rows(self, files: Sequence[TextFile]) -> int:
        """How many rows of one column say that they have no value, as `""`; the engine takes blank lines for the
        same. Raises SourceError where a row is none."""
        nothing = {"", *self.spec.null}
        count = 0
        for file in files:
            broken = broken_rows(self.table, file)
            if broken is not None:
                raise broken
            count += sum(row.fields[0] in nothing for row in file.rows())
        return count

    def check_delimiters(self, surplus: int, files: Sequence[TextFile]) -> None:
        """The engine lets a row pass that has a delimiter behind its last field: with a field too many in it,
        others would stand under the wrong names."""
        signs = {file.shape.delimiter for file in files}
        inside = 0
        for sign in map(string, signs):
            cells = map(quoted, self.relation.types)
            counts = [
                f"sum(CASE WHEN contains({c}, {sign}) THEN length({c}) - length(replace({c}, {sign}, '')) END)"
                for c in cells
            ]
            inside += sum(int(value or 0) for value in self.ask(counts))
        if len(signs) == 1 and inside == surplus:
            return
        for file in files:
            broken = broken_rows(self.table, file)
            if broken is not None:
                raise broken

    def check_line_ends(self, files: Sequence[TextFile]) -> None:
        """Refuse blocks of rows that a stray quote made a field of one."""
        names = ", ".join(map(quoted, self.relation.types))
        ends = " OR ".join(
            f"contains({quoted(n)}, chr(10)) OR contains({quoted(n)}, chr(13))" for n in self.relation.types
        )
        sample = self.raw.execute(
            f"SELECT {names} FROM {self.relation.sql} WHERE NOT coalesce({ends}, false) LIMIT {_SAMPLE}"
        ).fetchall()
        kinds = kinds_of([["" if v is None else v for v in row] for row in sample], len(self.relation.types))
        cursor = self.raw.execute(f"SELECT {names} FROM {self.relation.sql} WHERE {ends}")
        shape = files[0].shape
        while rows := cursor.fetchmany(_SAMPLE):
            if any(swallowed([v or "" for v in row], shape, kinds) for row in rows):
                break
        else:
            return
        for file in files:
            for row in file.rows():
                if not swallowed(row.fields, file.shape, kinds):
                    continue
                number = len(re.split(r"\r\n|\r|\n", file.shape.delimiter.join(row.fields)))
                where = f"`{file.name}` (table `{self.table}`), line {row.line}"
                raise SourceError(
                    "unreadable-row",
                    f"{where}: a quote opens here and takes {number} rows into one field",
                    "take the stray quote out of this line, or export the file again",
                    (file.place(row),),
                    table=self.table,
                )

    def refuse_repeated(self) -> None:
        for file in self.relation.files:
            for row in file.rows() if file.shape.header else ():
                names = [plain_letters(field).strip().lower() for field in row.fields]
                if names != [name.lower() for name in file.shape.names]:
                    continue
                where = f"`{file.name}` (table `{self.table}`), {file.unit} {file.number(row)}"
                raise SourceError(
                    "repeated-header",
                    f"{where}: the header stands again among the rows",
                    "take it out, or give each part a file of its own: `path` may be a pattern",
                    (file.place(row),),
                    table=self.table,
                )

    # Columns

    def candidates(self, name: str, kind: str) -> tuple[str, ...]:
        """What a column may be."""
        wanted = self.kind(name)
        if kind != "VARCHAR":
            return ("nothing",) if kind in _NOTHING and wanted and wanted != kind else ()
        if wanted == "VARCHAR":
            return ("nothing",) if self.reckoned(name) else ()
        if self.reads and name.lower() not in self.reads:
            return ()
        if wanted:
            return (family_of(wanted),)
        if self.own_formats(name):  # digits alone are times, too, where somebody says so
            return ("any",)
        if self.in_percent(name) or (self.summed(name) and (self.spec.decimal or self.spec.thousands)):
            return ("number",)
        if self.cells(name) in ("text", "mixed"):
            return ("number",) if self.reckoned(name) else ("any",) if self.formats else ()
        families = ("short",) if self.texts else tuple(PATTERNS)
        likely = tuple(family for family in families if self.may_be(name, family))
        if self.reckoned(name) and "number" not in likely:
            likely = ("number", *likely)
        return likely or (("any",) if self.formats else ())

    def may_be(self, name: str, family: str) -> bool:
        values = self.sample().get(name.lower(), [])
        return all(re.fullmatch(PATTERNS[family], value) for value in values)

    def sample(self) -> Mapping[str, list[str]]:
        """The first values of the columns whose meaning no field tells."""
        if not hasattr(self, "_sample"):
            free = self.reads or self.relation.types
            names = [
                name
                for name, kind in self.columns().items()
                if kind == "VARCHAR" and not self.kind(name) and (name.lower() in free or name in free)
            ]
            texts: dict[str, list[str]] = {}
            if names:
                import duckdb

                try:
                    sql = f"SELECT {', '.join(map(quoted, names))} FROM {self.relation.sql} LIMIT {_SAMPLE}"
                    rows = self.raw.execute(sql).fetchall()
                except duckdb.Error:  # told of the whole file
                    rows = []
                texts = {
                    n.lower(): [v for v in column if v is not None]
                    for n, column in zip(names, zip(*rows, strict=True), strict=False)
                }
            self._sample = texts
        return self._sample

    def column(self, name: str, kind: str, parts: Mapping[str, Sequence[Any]]) -> Column:
        """A column as it will be, of the answers about what it may be."""
        wanted, quoted_name = self.kind(name), quoted(name)
        if kind == wanted == "VARCHAR" and self.reckoned(name):
            return self.refuse_texts(name) if parts["nothing"][0] else empty_column(name, self.any_type(name))
        if self.in_percent(name) and (_NUMERIC.fullmatch(kind) or self.cells(name) == "number"):
            return self.refuse(
                name,
                "contradiction",
                "is named in `percent`, and has numbers already: a cell that shows 60 % holds 0.6",
                f"take it out of `percent`; where 60 stands for 60 %, write `{name} / 100.0` in the mapping",
                (),
            )
        if not parts:
            return Column(name, kind, quoted_name)
        number = next(iter(parts.values()))[0]
        if not number:
            return empty_column(name, wanted or self.any_type(name))
        if "nothing" in parts:
            return Column(name, kind, quoted_name)
        if wanted and self.cells(name) == "mixed":
            return self.refuse_cells(name, wanted)
        if "number" in parts and (self.in_percent(name) or self.unclear_sum(name, parts["number"])):
            return self.number(name, parts["number"])
        if not wanted:
            return self.inferred(name, parts)
        family = family_of(wanted)
        if family == "time":
            return self.time(name, parts["time"])
        if family == "number":
            return self.number(name, parts["number"])
        if parts["boolean"][1]:
            values = self.bad_values(name, no_boolean(quoted_name))
            # Which of them mean yes is not to be seen in them, nor what stands beside them.
            line = f"{self.field_name(name)}: \"{name} in ('…')\""
            help = f"mend the file, or say in the mapping which texts mean yes: `{line}`"
            return self.refuse_values(name, values, int(parts["boolean"][1]), help)
        return Column(name, "BOOLEAN", boolean_of(quoted_name))

    def inferred(self, name: str, parts: Mapping[str, Sequence[Any]]) -> Column:
        """A column of which no field tells what it is: what all its texts are as they stand, else texts."""
        quoted_name = quoted(name)
        if "number" in parts:
            _, bad, dots, odd, zeros, longest, powers = parts["number"]
            clear = self.cells(name) == "number" or not dots or odd
            if not bad and clear and not zeros and (dots or powers or longest <= 18):
                kind = "DOUBLE" if dots or powers else "BIGINT"
                return Column(name, kind, f"CAST({quoted_name} AS {kind})")
        if "time" in parts and not parts["time"][1]:
            kind = time_type(parts["time"])
            return Column(name, kind, f"CAST({quoted_name} AS {kind})")
        if "clock" in parts and not parts["clock"][1]:
            return Column(name, "TIME", f"CAST({quoted_name} AS TIME)")
        if "truth" in parts and not parts["truth"][1]:
            return Column(name, "BOOLEAN", f"CAST({quoted_name} AS BOOLEAN)")
        reading = self.formatted(name) or (self.short(name) if "short" in parts else None)
        if reading is None and self.reckoned(name) and not self.problems:
            reading = self.refuse_texts(name)
        return reading or Column(name, "VARCHAR", quoted_name)

    def refuse_texts(self, name: str) -> Column:
        """Refuse texts with which an expression of the mapping reckons: it is said how they are read as numbers, if
        they are some."""
        forms = self.forms(name) or {}
        found = readings.number_readings(forms, self.spec.decimal, self.spec.thousands) if forms else []
        odd = self.bad_values(name, f"NOT regexp_full_match({quoted(name)}, {string(readings.PLAIN)})")
        if found and (refused := self.refuse_percent(name, forms, found[0], percent=False)):
            return refused
        values = odd or self.examples(name, list(forms))
        few = ", ".join(f"`{shown(value)}`" for value in values[:_EXAMPLES])
        if found and odd:
            help = "write " + " or ".join(f"`{way.said}`" for way in found)
        elif forms and readings.time_readings(forms):
            help = time_advice(name, values)
        else:
            made = name if re.fullmatch(r"[^\W\d]\w*", name) else f'"{name}"'
            help = f"name a column of numbers; `try_cast({made} as double)` is null where a text is none"
        return self.refuse(
            name,
            "text-number",
            f"holds texts, and an expression of the mapping takes it for a number: {few}",
            help,
            values[:_EXAMPLES],
        )

    def formatted(self, name: str) -> Column | None:
        """A column of times as formats say, if they read all its texts; the formats of its own must."""
        named, of_all = self.own_formats(name), self.formats.get("", ())
        if not named and not of_all:
            return None
        reading = self.reading_by(name, named or of_all)
        bad, number = self.ask([unread_by(quoted(name), reading), f"count({quoted(name)})"])
        if bad and named:
            values = self.bad_values(name, no_time(quoted(name), reading))
            return self.refuse_values(name, values, int(bad), family="time")
        return None if bad or not number else self.as_asked(time_column(name, reading))

    def short(self, name: str) -> Column | None:
        """A column of dates with short years: the engine would take 05-03-17 for a day of the year 5."""
        if self.ask([ASKED["short"][1].format(quoted(name))])[0]:
            return None
        fit = self.fitting(name, readings.time_readings(self.forms(name) or ()))
        if len(fit) > 1:
            return self.refuse_two_ways(name, fit)
        return self.as_asked(time_column(name, fit[0])) if fit else None

    def reading_by(self, name: str, formats: Sequence[str]) -> TimeReading:
        """How a column is read by formats: by those of days alone, where they read all of it, since a day is
        no time of it."""
        every = readings.reading_of(formats)
        days = [format_ for format_ in formats if not readings.reading_of((format_,)).timed]
        if not every.timed or not days:
            return every
        alone = readings.reading_of(days)
        return every if int(self.ask([unread_by(quoted(name), alone)])[0]) else alone

    def own_formats(self, name: str) -> tuple[str, ...]:
        return next((f for n, f in self.formats.items() if n.lower() == name.lower()), ())

    def as_asked(self, column: Column) -> Column:
        """A column of times, or of their ISO texts where all columns stay texts."""
        if not self.texts:
            return column
        return Column(column.name, "VARCHAR", f"CAST({column.sql} AS VARCHAR)", column.said)

    # Numbers

    def number(self, name: str, answers: Sequence[Any]) -> Column:
        _, bad, dots, odd, _zeros, longest, powers = answers
        quoted_name, spec = quoted(name), self.spec
        percent = self.in_percent(name)
        plain = not bad and not percent and spec.decimal in ("", ".") and spec.thousands != "."
        if plain and (not dots or odd or spec.decimal or spec.thousands or self.cells(name) == "number"):
            kind = "DOUBLE" if dots or powers or longest > 18 else "BIGINT"
            return Column(name, kind, f"CAST({quoted_name} AS {kind})")
        forms = self.forms(name)
        if forms == {}:
            return empty_column(name, self.kind(name) or "DOUBLE")
        if forms is None and percent and not bad:
            return Column(name, "DOUBLE", f"CAST({quoted_name} AS DOUBLE) / 100")
        if forms is None:
            return self.refuse_values(
                name, self.bad_values(name, f"NOT regexp_full_match({quoted_name}, {string(readings.PLAIN)})"), int(bad)
            )
        readings_of_numbers = readings.number_readings(forms, spec.decimal, spec.thousands)
        marks = readings.currencies(forms)
        if readings_of_numbers and (refused := self.refuse_percent(name, forms, readings_of_numbers[0], percent)):
            return refused
        if len(marks) > 1:
            values = [
                self.examples(name, [f for f in forms if readings.bare_number(f).currency == mark])[0]
                for mark in marks[:3]
            ]
            return self.refuse(
                name,
                "mixed-currencies",
                f"has amounts in several currencies: {', '.join(f'`{m}`' for m in marks[:4])}",
                "put the currency into a column of its own, and name it as the `currency` of the mapping",
                values,
            )
        meant = readings.meant_by(marks[0]) if marks else ()
        read = self.reads.get(name.lower())
        if meant and read is not None and (unlike := self.other_currency(name, forms, marks[0], meant, read)):
            return unlike
        if meant and read is not None and read.currency and read.currency not in meant:
            values = self.examples(name, [f for f in forms if readings.bare_number(f).currency])[:1]
            way_out = (
                f"say what they are in the mapping, `{read.currency_field}: "
                f"\"'{meant[0]}'\"`, or in the project, `currency: {meant[0]}`"
            )
            return self.refuse(
                name,
                "other-currency",
                f"has amounts in `{marks[0]}`, and the mapping reads them as {read.currency}",
                way_out,
                values,
            )
        if len(readings_of_numbers) == 1:
            return number_column(name, readings_of_numbers[0], forms, percent)
        if readings_of_numbers:
            first, other = readings_of_numbers[0], readings_of_numbers[1]
            value = self.examples(name, [f for f in forms if differ(f, first, other)])[:1]
            ways = " or ".join(f"{value_of(v, way)}" for v in value for way in (first, other))
            return self.refuse(
                name,
                "unclear-number",
                f"can be read in two ways: `{value[0]}` is {ways}",
                f"write `{other.said}` or `{first.said}`",
                value,
            )
        worse = readings.nearest_number(forms, spec.decimal, spec.thousands)
        undeclared = readings.number_readings(forms)
        help = f"write `{undeclared[0].said}`" if undeclared and (spec.decimal or spec.thousands) else None
        return self.refuse_values(name, self.examples(name, worse), sum(forms[form] for form in worse), help)

    def other_currency(
        self, name: str, forms: Mapping[str, int], mark: str, meant: Sequence[str], read: ColumnRead
    ) -> Column | None:
        """Refuse amounts beside whose sign another currency stands in their row."""
        import duckdb

        if not read.currency_sql:
            return None
        signed = [bare_form(form) for form in forms if readings.bare_number(form).currency]
        written = f"{nines(quoted(name))} IN ({', '.join(map(string, dict.fromkeys(signed)))})"
        codes = ", ".join(map(string, meant))
        other = f"{written} AND {read.currency_sql} NOT IN ({codes})"
        statement = f"SELECT {quoted(name)}, {read.currency_sql} FROM {self.relation.sql} WHERE {other} LIMIT 1"
        try:
            rows = self.raw.execute(statement).fetchall()
        except duckdb.Error:  # an expression that is told of elsewhere
            return None
        if not rows:
            return None
        [(amount, code)] = rows
        return self.refuse(
            name,
            "other-currency",
            f"has `{shown(amount)}` in a row whose `{read.currency_field}` is {shown(code)}",
            "mend the sign or the currency, whichever is wrong",
            [amount],
        )

    def refuse_percent(self, name: str, forms: Mapping[str, int], way: NumberReading, percent: bool) -> Column | None:
        """Refuse numbers with a percent sign, of which nobody says whether 50 % is 0.5 or 50; and where it is said,
        numbers without one beside them."""
        signed = [form for form in forms if readings.bare_number(form).percent]
        bare = [f for f in forms if not readings.bare_number(f).percent and f.strip("0.,")]
        if not signed or (percent and not bare):
            return None
        if percent:
            values = [*self.examples(name, signed)[:1], *self.examples(name, bare)[:1]]
            what = "is named in `percent`, and has values with the sign and without"
            help = "write the sign behind all of them, or behind none"
        else:
            values = self.examples(name, signed)[:_EXAMPLES]
            what = f"has {counted(sum(forms[form] for form in signed), 'value')} with a percent sign"
            read = f"reads `{shown(values[0].strip())}` as {value_of(values[0], way, 100)}"
            help = f"write `percent: [{as_yaml(name)}]`, which {read}, or take the sign out of the file"
            if bare:  # with which `percent` would be refused
                help = "write the sign behind all numbers of the column, or behind none"
        few = ", ".join(f"`{shown(value)}`" for value in values)
        return self.refuse(name, "unclear-percent", f"{what}: {few}", help, values)

    # Times

    def time(self, name: str, answers: Sequence[Any]) -> Column:
        quoted_name = quoted(name)
        formats = self.own_formats(name)
        if not answers[1] and not formats:
            kind = time_type(answers)
            return Column(name, kind, f"CAST({quoted_name} AS {kind})")
        formats = formats or self.formats.get("", ())
        if self.forms(name) == {}:
            return empty_column(name, self.kind(name))
        if formats:
            reading = self.reading_by(name, formats)
            bad = int(self.ask([unread_by(quoted_name, reading)])[0])
            if not bad:
                return time_column(name, reading)
            forms = self.forms(name)
            ways = self.fitting(name, readings.time_readings(forms or ())) if forms else []
            # What is said for all columns may be right for others, so that it stays.
            kept = () if self.own_formats(name) else formats
            help = None
            if len(ways) == 1:
                both = replace(ways[0], formats=tuple(dict.fromkeys((*kept, *ways[0].formats))))
                help = f"write `{both.said}`"
            return self.refuse_values(name, self.bad_values(name, no_time(quoted_name, reading)), bad, help)
        forms = self.forms(name)
        ways = readings.time_readings(forms) if forms else []
        fit = self.fitting(name, ways)
        if len(fit) == 1:
            return time_column(name, fit[0])
        if fit:
            return self.refuse_two_ways(name, fit)
        if ways:
            reading = min(ways, key=lambda way: self.ask([unread_by(quoted_name, way)])[0])
            # What is a time as it stands is not the mistake, whatever the others are.
            wrong = f"({no_time(quoted_name, reading)}) AND ({not_iso(quoted_name)})"
            values = self.bad_values(name, wrong)
            return self.refuse_values(name, values, int(self.ask([counted_where(quoted_name, wrong)])[0]))
        iso = not_iso(quoted_name)
        known = [form for form in forms or () if not readings.time_readings([form])]
        values = self.examples(name, known) if known else self.bad_values(name, iso)
        return self.refuse_values(name, values, sum((forms or {})[form] for form in known) or int(answers[1]))

    def fitting(self, name: str, ways: Sequence[TimeReading]) -> list[TimeReading]:
        """The readings that read every text; of those that give the same times one."""
        quoted_name = quoted(name)
        if not ways:
            return []
        unread = self.ask([unread_by(quoted_name, way) for way in ways])
        fit = [way for way, bad in zip(ways, unread, strict=True) if not bad]
        unlike: list[TimeReading] = []
        for way in fit:
            differs = [
                f"count_if({parsed(quoted_name, way)} IS DISTINCT FROM {parsed(quoted_name, other)})"
                for other in unlike
            ]
            if not differs or all(self.ask(differs)):
                unlike.append(way)
        return unlike

    def refuse_two_ways(self, name: str, ways: Sequence[TimeReading]) -> Column:
        quoted_name = quoted(name)
        first, other = ways[0], ways[1]
        differs = f"{parsed(quoted_name, first)} IS DISTINCT FROM {parsed(quoted_name, other)}"
        value = self.bad_values(name, differs, 1)
        if not value:
            value = self.bad_values(name, f"{quoted_name} IS NOT NULL", 1)
        days = [
            self.raw.execute(f"SELECT strftime({parsed(string(value[0]), way)}, '%-d %B %Y')").fetchall()[0][0]
            for way in ways
        ]
        help = " or ".join(f"`{way.said}` ({order_of(way)})" for way in ways)
        return self.refuse(
            name,
            "unclear-date",
            f"can be read in {'two' if len(ways) == 2 else 'three'} ways: `{shown(value[0])}` is {' or '.join(days)}",
            f"write {help}",
            value,
        )

    # Texts, and where they stand

    def forms(self, name: str) -> dict[str, int] | None:
        """The forms of a column's texts, with how many have each; None if there are too many to tell."""
        own = quoted(name)
        rest = nines(f"substr({own}, 2)")
        form = f"CASE WHEN starts_with({own}, '0') THEN '0' || {rest} ELSE {nines(own)} END"
        statement = f"SELECT {form}, count(*) FROM {self.relation.sql} WHERE trim({own}) <> '' GROUP BY 1"
        rows = self.raw.execute(f"{statement} LIMIT {_MOST_FORMS + 1}").fetchall()
        return None if len(rows) > _MOST_FORMS else dict(rows)

    def examples(self, name: str, forms: Iterable[str]) -> list[str]:
        """Texts that have one of some forms."""
        alike = [bare_form(form) for form in forms][:50]
        listed = ", ".join(map(string, alike))
        return self.bad_values(name, f"{nines(quoted(name))} IN ({listed})")

    def bad_values(self, name: str, condition: str, number: int = _LISTED) -> list[str]:
        """Texts of a column for which a condition holds, among the first that there are."""
        own = quoted(name)
        some = f"SELECT {own} FROM {self.relation.sql} WHERE trim({own}) <> '' AND ({condition}) LIMIT {_SAMPLE}"
        rows = self.raw.execute(f"SELECT DISTINCT {own} FROM ({some}) ORDER BY 1 LIMIT {number}")
        return [str(row[0]) for row in rows.fetchall()]

    def places(self, name: str, values: Sequence[str]) -> tuple[str, ...]:
        """Where texts stand first."""
        forms: dict[str, str] = {}
        for file in self.relation.files:
            index = next(i for i, n in enumerate(file.shape.names) if n.lower() == name.lower())
            for row in file.rows():
                if len(row.fields) > index and row.fields[index] in values:
                    where = f"`{file.name}`, " if len(self.relation.files) > 1 else ""
                    forms.setdefault(row.fields[index], where + file.place(row))
                    if len(forms) == len(values):
                        break
        return tuple(forms.values())

    # Refusals

    def refuse(self, name: str, code: str, what: str, help: str | None, values: Sequence[str]) -> Column:
        read = self.reads.get(name.lower())
        files = Path(self.spec.paths[0]).name if len(self.spec.paths) == 1 else f"{len(self.spec.paths)} files"
        place = f"`{files}` (table `{self.table}`)"
        whose = f" for `{read.field}`" if read and read.field else ""
        self.problems.append(
            SourceError(
                code,
                f"{place}: the column `{name}`{whose} {what}",
                help,
                self.places(name, values),
                table=self.table,
                of_column=name,
            )
        )
        return Column(name, "VARCHAR", quoted(name))

    def refuse_values(
        self, name: str, values: Sequence[str], count: int, help: str | None = None, family: str = ""
    ) -> Column:
        """Refuse texts that are none of what the column must be: those that stand for nothing by a setting of
        their own, which names all of them."""
        nothing = [value for value in values if readings.likely_nothing([value])]
        shown_values = sorted(values, key=lambda value: value in nothing)[:_EXAMPLES]
        few = ", ".join(f"`{shown(value)}`" for value in shown_values)
        if nothing:
            null = null_setting(nothing)
            if len(nothing) < len(values):
                help = f"mend the file; {null}"
            elif any(map(readings.is_error, nothing)):
                help = f"mend the formulas in the spreadsheet, or {null}"
            else:
                help = null
        elif help is None and self.holds_words(name, values, count):
            help = "it seems to hold something else: name the column that has it in the mapping, or mend the file"
        elif help is None and values and not any(map(_has_digit, values)):
            help = f"mend the file, or {null_setting(values)}"
        elif help is None:
            help = "mend the file, or write an expression in the mapping"
            if (family or family_of(self.kind(name))) == "time":
                help = time_advice(name, values)
        what = {"time": "a date or a time", "number": "a number", "boolean": "yes or no"}[
            family or family_of(self.kind(name))
        ]
        number = f"{count} values" if count != 1 else "a value"
        return self.refuse(
            name, "unreadable-value", f"has {number} that cannot be read as {what}: {few}", help, shown_values
        )

    def holds_words(self, name: str, values: Sequence[str], count: int) -> bool:
        """Whether a column, of whose values so many are wrong, has words or keys alone: it may be another one than is
        meant."""
        if not values or not all(value[:1].isalpha() and sum(map(str.isdigit, value)) < _OF_DATES for value in values):
            return False
        return count >= _SEVERAL and count == int(self.ask([f"count(nullif(trim({quoted(name)}), ''))"])[0])

    def refuse_cells(self, name: str, wanted: str) -> Column:
        """Cells of several types in one column: texts among dates are those that the program which wrote the
        workbook could not read, and the dates beside them may be turned."""
        quoted_name, family = quoted(name), family_of(wanted)
        number = f"NOT regexp_full_match({quoted_name}, {string(readings.PLAIN)})"
        kind, other = {
            "time": ("dates", not_iso(quoted_name)),
            "number": ("numbers", number),
            "boolean": ("true and false", no_boolean(quoted_name)),
        }[family]
        values = self.bad_values(name, other)
        nothing = [value for value in values if readings.likely_nothing([value])]
        help = "make them alike in the workbook"
        if nothing:
            help = null_setting(nothing) if len(nothing) == len(values) else f"{help}; {null_setting(nothing)}"
        few = sorted(values, key=lambda value: value in nothing)[:_EXAMPLES]
        others = f"others, such as {', '.join(f'`{shown(v)}`' for v in few)}" if few else f"texts that look like {kind}"
        return self.refuse(
            name,
            "mixed-cells",
            f"has cells of several types: {kind} and {others}",
            help,
            few,
        )


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)
