"""dbt's `target/semantic_manifest.json`, which dbt 1.6 and later write."""

from __future__ import annotations

from pathlib import Path

from reportspec.diagnostics import Diagnostic
from reportspec.exchange.dbt_metrics import metrics_of
from reportspec.exchange.dbt_tables import tables_of
from reportspec.exchange.foreign import Model, NotRead

NAME = "semantic_manifest.json"


def manifest_path(path: Path) -> Path:
    """The manifest of a path: itself, or the one that a dbt project or its `target` has."""
    if not path.is_dir():
        return path
    inside = path / NAME
    return inside if inside.exists() else path / "target" / NAME


def take_dbt(model: Model, tables: str) -> None:
    """What a manifest has, into a model; `tables` says which parts of tables' names count. Raises NotRead."""
    foreign, root = model.foreign, model.foreign.root
    if not root.has("semantic_models"):
        help = f"name dbt's `target/{NAME}`"
        if root.node.get("nodes") is not None:
            help = f"`target/{NAME}` is meant, beside it"
        elif root.has("metrics"):
            help = "dbt 2 leaves out what is in the form of dbt 1.6 to 1.11: write it in that of 1.12, and parse again"
        raise NotRead(
            Diagnostic("no-model", "the file has no semantic models", root.node.span, help),
            texts={foreign.file: foreign.text},
        )
    metrics_of(model, tables_of(model, tables))
    for query in root.parts("saved_queries"):
        why = "write a spec with its metrics, and what it groups by under `group_by`"
        foreign.leave(f"saved query `{query.text('name')}`", why, query.place)
    settings = root.part("project_configuration")
    for spine in settings.parts("time_spines") if settings is not None else ():
        table = spine.part("node_relation")
        called = table.text("alias") if table is not None else ""
        foreign.leave(f"time spine `{called}`", "reports have a calendar of their own", spine.place)
        for own in spine.parts("custom_granularities"):
            foreign.leave(
                f"granularity `{own.text('name')}`", "`fiscal_year_start` of the project is what there is", own.place
            )
