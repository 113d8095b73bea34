"""How long the stages take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from reportspec.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(slots=True)
class Timings:
    """How long each stage took, in seconds; and the statements that were asked."""

    stages: dict[str, float] = field(default_factory=dict)
    asked: list[exp.Expr] = field(default_factory=list)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        since = time.perf_counter()
        try:
            yield
        finally:
            self.stages[stage] = self.stages.get(stage, 0.0) + time.perf_counter() - since
