"""Many expressions asked of an engine in one statement: each statement costs some engines a part of a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from reportspec.run.canonical import canonical
from reportspec.run.connect import connect
from reportspec.run.connection import Connection, Wanted
from reportspec.sql.dialect import sql_text
from tests.engines.servers import Engine
from tests.engines.test_sessions import source

Rows = dict[int, Any]


def names_of(asked: Sequence[str]) -> dict[str, str]:
    """What the columns of the expressions are called."""
    return {text: f"x{at}" for at, text in enumerate(asked)}


class Asking:
    """An engine that is asked for expressions: `select` makes the statement that has the key `k` of each row and the
    expressions by the names that they are given; `kinds` says what each expression gives."""

    def __init__(
        self, database: Engine, select: Callable[[Mapping[str, str]], exp.Select], kinds: Mapping[str, str]
    ) -> None:
        self._source, self._select, self._kinds = source(database), select, kinds
        self.session: Connection = connect(self._source, Wanted())

    def close(self) -> None:
        self.session.close()

    def written(self, asked: Sequence[str]) -> str:
        """The statement. Raises Unsupported."""
        return sql_text(self._select(names_of(asked)), self.session.dialect)

    def answers(self, asked: Sequence[str]) -> tuple[dict[str, Rows], dict[str, str]]:
        """What each expression gives for each row, and of those that the engine cannot answer what it says: they are
        found by asking for half of them, and half of these, each half by itself."""
        if not asked:
            return {}, {}
        names = names_of(asked)
        types = {"k": "integer", **{names[text]: self._kinds[text] for text in asked}}
        try:
            found = canonical(self.session.run(self.written(asked)), types, "UTC")
        except Exception as error:
            self.session.close()  # PostgreSQL's transaction is over
            self.session = connect(self._source, Wanted())
            if len(asked) == 1:
                return {}, {asked[0]: f"{error} {getattr(error, 'message', '')}"[:300]}
            half = len(asked) // 2
            (some, failed), (others, failed_too) = self.answers(asked[:half]), self.answers(asked[half:])
            return {**some, **others}, {**failed, **failed_too}
        at = {name: place for place, name in enumerate(found.columns)}
        return {text: {row[at["k"]]: row[at[names[text]]] for row in found.rows} for text in asked}, {}
