"""What stands for `{{ … }}` in the texts of `deliver`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reportspec.check.deliver_texts import TEMPLATE
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Figures
from reportspec.render.locale import as_of_moment, data_moment, formats_for
from reportspec.render.tile_texts import kpis, named, of_kpi


@dataclass(frozen=True, slots=True)
class Words:
    """The values of one report, by name."""

    figures: Figures
    each: Mapping[str, str]
    params: Mapping[str, Any]

    def fill(self, text: str) -> str:
        """The text with all of them put in. Values are put in once: what looks like `{{ … }}`
        within one stays as it is."""
        return TEMPLATE.sub(lambda match: self.value(match[1]), text)

    def value(self, name: str) -> str:
        """What a name stands for; nothing where it is not known."""
        head, _, rest = name.partition(".")
        if head == "each":
            return self.each.get(rest, "")
        if head == "params":
            return _param(self.params.get(rest, ""))
        if head == "report":
            return self._of_report(rest)
        kpi, part = named(kpis(self.figures), rest)
        return of_kpi(kpi, part, formats_for(self.figures)) if kpi else ""

    def _of_report(self, part: str) -> str:
        figures, formats = self.figures, formats_for(self.figures)
        match part:
            case "title":
                return figures.title
            case "period":
                return figures.period.label
            case "type":
                return figures.report_label
            case "compare":
                return figures.compare.label if figures.compare else ""
            case "as_of":
                return as_of_moment(formats, figures.as_of)
            case _:
                return data_moment(formats, figures.data_as_of) if figures.data_as_of else ""


def _param(value: object) -> str:
    """A param as it would be written."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)
