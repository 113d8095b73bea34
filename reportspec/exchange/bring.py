"""From a file of another tool to files of a project."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from reportspec.catalogue.load import packaged
from reportspec.check.own_catalogue import Own, extended
from reportspec.check.project import find_project, load_project
from reportspec.databases import dialects, is_dialect
from reportspec.diagnostics import Diagnostic, suggestion
from reportspec.exchange.as_files import files_of, lines_taken
from reportspec.exchange.dbt_manifest import manifest_path, take_dbt
from reportspec.exchange.foreign import Foreign, Model, NotRead, opened
from reportspec.exchange.ossie_model import take_ossie
from reportspec.lazy_dataclass import dataclass
from reportspec.onboarding.project_files import written
from reportspec.problems import not_written
from reportspec.suggested_yaml import CONFIRM

_ADAPTER = re.compile(rb'"adapter_type":\s*"(\w+)"')
_HEAD = 1 << 16  # bytes of dbt's manifest, in which it says its adapter
_SHOWN = 12  # metrics of the first spec


@dataclass(frozen=True, slots=True)
class Wish:
    """What is taken from where, into which folder, and what the file does not say: the `dialect` of the source, which
    `parts` of tables' names count, the `source` of a project that is not there yet, and by which field of a dataset
    its metrics count (`times`)."""

    tool: str
    path: Path
    folder: Path
    mapping: str = "mapping.yaml"
    dialect: str = ""
    parts: str = "full"
    source: str = ""
    times: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of it: the files that were written, what is in them, and what is told, with the texts of the files."""

    files: Sequence[str]
    lines: Sequence[str]
    told: Sequence[Diagnostic]
    texts: Mapping[str, str]


def bring(wish: Wish, environment: Mapping[str, str] = os.environ) -> Brought:
    """Take over a file, and write what comes of it. Raises NotRead, of what keeps all of it from being taken over."""
    path = manifest_path(wish.path) if wish.tool == "dbt" else wish.path
    foreign = opened(path, str(path))
    project = find_project(wish.folder / "x")
    inside = project is not None and project.parent.resolve() == wish.folder.resolve()
    dialect = _dialect(wish, path, project if inside else None, environment)
    known = extended(packaged(), Own(wish.folder, str)) if inside else packaged()
    model = Model(foreign, wish.tool, dialect, frozenset(known.entities), frozenset(known.metrics.data))
    if wish.tool == "dbt":
        take_dbt(model, wish.parts)
    else:
        take_ossie(model, wish.parts, wish.times)
    files = files_of(model, wish.mapping)
    if not model.tables:
        nothing = Diagnostic("no-model", "nothing of the file can be taken over", foreign.root.node.span)
        raise NotRead(nothing, *foreign.told, texts=_texts(foreign))
    if not inside:
        files = {"reportspec.yaml": _project_text(wish)} | files
    if model.metrics:
        files[f"specs/{model.tool}.yaml"] = _spec_text(list(model.metrics))
    try:
        made = written(wish.folder, files)
    except FileExistsError as there:
        what = f"`{there}` is there already, and nothing is overwritten"
        help = "name another folder with `--into`" + (
            ", or another mapping with `--mapping`" * (str(there) == wish.mapping)
        )
        raise NotRead(Diagnostic("file-exists", what, None, help)) from None
    except OSError as error:
        raise NotRead(not_written(wish.folder, error, "--into")) from None
    lines = [*lines_taken(model), *(_other_mapping(wish, project, environment) if inside else ())]
    return Brought(made, lines, tuple(dict.fromkeys(foreign.told)), _texts(foreign))


def _other_mapping(wish: Wish, project: Path | None, environment: Mapping[str, str]) -> Iterator[str]:
    """What is left to do where a project reads another mapping than the one that is written."""
    known, _ = load_project(project, environment)
    if known is not None and known.mapping != wish.mapping:
        read = f"`mapping: {known.mapping}`" if known.mapping else f"`crm: {known.crm}`"
        yield f"the project says {read}: add the entities of `{wish.mapping}` to that mapping"


def _texts(foreign: Foreign) -> Mapping[str, str]:
    """What places in the file point into; of JSON, which is one long line as a rule, they say enough themselves."""
    return {} if foreign.text.lstrip()[:1] in ("{", "[") else {foreign.file: foreign.text}


def _dialect(wish: Wish, path: Path, project: Path | None, environment: Mapping[str, str]) -> str:
    """The SQL dialect of the source. Raises NotRead where there is none of the name that is said."""
    if wish.dialect:
        if not is_dialect(wish.dialect):
            what = f"no SQL dialect is named `{wish.dialect[:60]}`"
            help = suggestion(wish.dialect, dialects()) or f"there are {', '.join(dialects())}"
            raise NotRead(Diagnostic("unknown-dialect", what, None, help))
        return wish.dialect
    if project is not None:
        known, _ = load_project(project, environment)
        if known is not None:
            return known.source.dialect
    if wish.tool == "dbt":
        found = _ADAPTER.search(_beginning(path.with_name("manifest.json")))
        named = found[1].decode() if found is not None else ""
        if is_dialect(named):
            return named
    return "duckdb"


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def _project_text(wish: Wish) -> str:
    source = f"${{DATABASE_URL}}  {CONFIRM} (the URL of the database that has the tables)"
    if wish.source:
        source = json.dumps(wish.source, ensure_ascii=False)
    return (
        f"version: 1\nsource: {source}\n"
        f"mapping: {wish.mapping}\n"
        f"timezone: UTC  {CONFIRM} (where days begin and end)\n"
        f"source_timezone: UTC  {CONFIRM} (of the times that the tables have)\n"
        f"currency: EUR  {CONFIRM}\n"
    )


def _spec_text(metrics: Sequence[str]) -> str:
    first = ", ".join(metrics[:_SHOWN])
    return f"version: 1\nreport: custom\nperiod: last_month\ncompare: previous_period\nmetrics: [{first}]\n"
