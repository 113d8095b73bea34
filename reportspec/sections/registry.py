"""The kinds of sections: each is a file, and stands here once."""

from __future__ import annotations

from reportspec.sections.attention import ATTENTION
from reportspec.sections.backtest import BACKTEST
from reportspec.sections.breakdown import BREAKDOWN
from reportspec.sections.drivers import DRIVERS
from reportspec.sections.forecast import FORECAST
from reportspec.sections.funnel import FUNNEL
from reportspec.sections.goals import GOALS
from reportspec.sections.highlights import HIGHLIGHTS
from reportspec.sections.kpis import KPIS
from reportspec.sections.quality import QUALITY
from reportspec.sections.records import RECORDS
from reportspec.sections.section_kind import Kind
from reportspec.sections.text import TEXT
from reportspec.sections.trend import TREND

KINDS: tuple[Kind, ...] = (
    KPIS,
    DRIVERS,
    ATTENTION,
    TREND,
    BREAKDOWN,
    RECORDS,
    QUALITY,
    FUNNEL,
    FORECAST,
    BACKTEST,
    HIGHLIGHTS,
    TEXT,
    GOALS,
)
BY_NAME = {kind.name: kind for kind in KINDS}
WRITTEN = tuple(kind for kind in KINDS if kind.check is not None)
