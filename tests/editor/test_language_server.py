"""What the language server says of files as they stand in the editor, asked as editors ask."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportspec.editing.documents import Documents, NotRenamed
from reportspec.editing.text_places import Places
from reportspec.edits import edited
from tests.conftest import RunCli
from tests.editor.language_server import LanguageServer, position
from tests.editor.test_project_schemas import FILES

SPEC = """version: 1
report: custom
period: 2026-Q1
title: "{{ metrics.northern_deals_count }} 🚲 deals"
sections:
  - kpis: [northern_deals_count, won_amount]
  - breakdown: {metrics: [northern_deals_count], by: [deal.sales_region], sort: -northern_deals_count}
goals: {northern_deals_count: 3}
filters: [{field: deal.sales_region, eq: North}]
where: deal.sales_region <> 'northern_deals_count'
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lsp")
    for name, text in {**FILES, "specs/q1.yaml": SPEC}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def documents(project: Path) -> Documents:
    return Documents({})


def at(text: str, word: str, part: int = 1) -> tuple[int, int]:
    """Line and column, from 1, of a letter of a word's first place."""
    start = text.index(word) + part
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def test_the_files_are_sound(project: Path, documents: Documents) -> None:
    assert {
        file.name: found for file, found in documents.mistakes(project / "specs" / "q1.yaml").items() if found
    } == {}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("northern_deals_count, won", "Deals that were won in the region North."),
        ("won_amount]", "(currency; higher is better)"),
        ("deal.sales_region]", "**Sales region** (text)"),
        ("breakdown", "Metrics by one or more fields"),
        ("period", "The time that the report is about."),
    ],
)
def test_meanings(project: Path, documents: Documents, word: str, said: str) -> None:
    found = documents.meaning(project / "specs" / "q1.yaml", *at(SPEC, word))
    assert found is not None
    assert said in found[0]


def test_definitions(project: Path, documents: Documents) -> None:
    spec = project / "specs" / "q1.yaml"
    own = documents.definition(spec, *at(SPEC, "northern_deals_count, won"))
    assert own is not None
    line = FILES["metrics/own.yaml"].split("\n").index("  - metric: northern_deals_count") + 1
    assert (Path(own.file).resolve(), own.line, own.column) == ((project / "metrics" / "own.yaml").resolve(), line, 13)
    region = documents.definition(spec, *at(SPEC, "deal.sales_region]", 6))
    assert region is not None
    assert Path(region.file).name == "mapping.yaml"
    assert FILES["mapping.yaml"].split("\n")[region.line - 1].strip().startswith("sales_region:")
    shipped = documents.definition(spec, *at(SPEC, "won_amount]"))
    assert shipped is not None
    text = Path(shipped.file).read_text("utf-8").split("\n")[shipped.line - 1]
    assert text[shipped.column - 1 : shipped.end_column - 1] == "won_amount"
    assert documents.definition(spec, *at(SPEC, "custom")) is None


def test_a_metric_of_ones_own_is_renamed_wherever_it_stands(project: Path, documents: Documents) -> None:
    spec = project / "specs" / "q1.yaml"
    made = documents.renamed(spec, *at(SPEC, "northern_deals_count, won"), "north_count")
    after = {file.name: edited(documents.text(file), each) for file, each in made.items()}
    # All but the text of a condition, which names a region.
    condition = "where: deal.sales_region <> 'northern_deals_count'"
    assert after["q1.yaml"] == SPEC.replace("northern_deals_count", "north_count").replace(
        condition.replace("northern_deals_count", "north_count"), condition
    )
    assert after["own.yaml"] == FILES["metrics/own.yaml"].replace("northern_deals_count", "north_count")
    assert after["weekly.yaml"] == FILES["report_types/weekly.yaml"].replace("northern_deals_count", "north_count")
    assert after.keys() == {"q1.yaml", "own.yaml", "weekly.yaml"}


def test_a_field_of_the_mapping_is_renamed(project: Path, documents: Documents) -> None:
    made = documents.renamed(project / "specs" / "q1.yaml", *at(SPEC, "deal.sales_region]", 6), "area")
    after = {file.name: edited(documents.text(file), each) for file, each in made.items()}
    assert after["q1.yaml"] == SPEC.replace("deal.sales_region", "deal.area")
    assert after["mapping.yaml"] == FILES["mapping.yaml"].replace("sales_region:", "area:")
    assert after["own.yaml"] == FILES["metrics/own.yaml"].replace("deal.sales_region", "deal.area")


@pytest.mark.parametrize(
    ("word", "new", "why"),
    [
        ("won_amount]", "x", "only metrics and fields"),
        ("northern_deals_count, won", "close_rate", "already"),
        ("northern_deals_count, won", "New Name", "small letters"),
    ],
)
def test_what_is_not_renamed(project: Path, documents: Documents, word: str, new: str, why: str) -> None:
    with pytest.raises(NotRenamed, match=why):
        documents.renamed(project / "specs" / "q1.yaml", *at(SPEC, word), new)


@pytest.mark.parametrize(
    ("text", "there", "absent"),
    [
        ("version: 1\nreport: |", {"pipeline", "northern_week"}, {"version"}),
        ("version: 1\nmet|", {"metrics", "period"}, {"version", "close_rate"}),
        ("version: 1\nmetrics: [clo|]", {"close_rate", "northern_deals_count"}, {"leads_created_count", "deal.amount"}),
        ("version: 1\nmetrics:\n  - |", {"close_rate"}, {"metrics"}),
        ("version: 1\nfilters:\n  - field: deal.|", {"deal.sales_region"}, {"lead.source"}),
        ("version: 1\nfilters:\n  - field: deal.status\n    eq: |", {"open", "won", "lost"}, {"deal.status"}),
        ("version: 1\nfilters: [{field: deal.status, in: [|]}]", {"open", "won", "lost"}, set()),
        ("version: 1\nsections:\n  - breakdown:\n      metrics: [won_amount]\n      b|", {"by", "chart"}, {"metrics"}),
        ("version: 1\nsections:\n  - |", {"kpis", "title", "records"}, {"period"}),
        ("version: 1\ngoals:\n  nor|", {"northern_deals_count"}, {"leads_created_count"}),
    ],
)
def test_what_may_stand_at_a_place(
    project: Path, documents: Documents, text: str, there: set[str], absent: set[str]
) -> None:
    text, place = position(text)
    path = project / "specs" / "new.yaml"
    documents.opened(path, text)
    found = {offer.name: offer for offer in documents.offers(path, place["line"] + 1, place["character"] + 1)}
    assert there <= found.keys()
    assert not absent & found.keys()


@pytest.mark.parametrize("text", ["", "\n", "# a note\n", "  "])
def test_a_file_in_which_nothing_stands_may_begin(project: Path, documents: Documents, text: str) -> None:
    path = project / "specs" / "new.yaml"
    documents.opened(path, text)
    lines = text.split("\n")
    found = documents.offers(path, len(lines), len(lines[-1]) + 1)
    assert {"version", "report", "period"} <= {offer.name for offer in found}


def test_a_project_that_cannot_be_read_still_has_the_language(tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: {files: {deals: none.csv}}\n", encoding="utf-8")
    path = tmp_path / "specs" / "q1.yaml"
    documents = Documents({})
    documents.opened(path, "version: 1\nper")
    assert "period" in {offer.name for offer in documents.offers(path, 2, 4)}
    documents.opened(path, "version: 1\nperiod: 2026-Q1\n")
    found = documents.meaning(path, 2, 3)
    assert found is not None
    assert found[0].startswith("The time that the report is about.")
    assert documents.definition(path, 2, 3) is None
    assert {each.code for told in documents.mistakes(path).values() for each in told} >= {"file-not-found"}


def test_what_the_editor_has_not_saved_counts(project: Path, documents: Documents) -> None:
    spec = project / "specs" / "q1.yaml"
    documents.opened(project / "metrics" / "own.yaml", FILES["metrics/own.yaml"].replace("northern_", "southern_"))
    codes = {each.code for found in documents.mistakes(spec).values() for each in found}
    assert "unknown-metric" in codes
    documents.closed(project / "metrics" / "own.yaml")
    assert not any(documents.mistakes(spec).values())


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("version: 1\nmetrics: [clo|", "close_rate"),
        ("version: 1\nmetrics: [won_amount, clo|\nperiod: 2026-Q1\n", "close_rate"),
        ("version: 1\nmetrics: [\n  won_amount,\n  clo|\nperiod: 2026-Q1\n", "close_rate"),
        ("version: 1\nfilters:\n  - {field: deal.sal|\n", "deal.sales_region"),
        ("version: 1\nfilters:\n  - {field: deal.sal|, eq: North\nperiod: 2026-Q1", "deal.sales_region"),
        ("version: 1\nfilters: [{field: deal.status, in: [|", "won"),
        ("version: 1\nsections:\n  - breakdown: {met|\n  - kpis: [won_amount]", "metrics"),
        ("version: 1\nmetrics: [clo|\nsections: [{", "close_rate"),
        ("version: 1\nperiod: |", "last_quarter"),
        ("version: 1\nperiod: las|\nreport: pipeline", "last_30_days"),
        ("version: 1\ncompare: |", "previous_year"),
        ("version: 1\ncompare: pre|", "none"),
        ("version: 1\ncompare: {period: |", "previous_period"),
        ("version: 1\rtitle: a\u2028metrics: [clo|", "close_rate"),
    ],
)
def test_what_may_stand_while_it_is_written(project: Path, documents: Documents, text: str, there: str) -> None:
    """Also while brackets are open. What stands at the cursor, with its dots, is what the choice takes the place of."""
    text, _, after = text.partition("|")
    written = re.findall(r"[\w.]*\Z", text)[0]
    path = project / "specs" / "new.yaml"
    documents.opened(path, text + after)
    lines = re.split("[\n\r\u2028]", text)
    found = {offer.name: offer for offer in documents.offers(path, len(lines), len(lines[-1]) + 1)}
    assert there in found
    end = len(lines[-1]) + 1
    span = found[there].span
    assert (span.line, span.column, span.end_column) == (len(lines), end - len(written), end)


def test_what_a_period_means_is_said(project: Path, documents: Documents) -> None:
    path = project / "specs" / "new.yaml"
    documents.opened(path, "version: 1\nperiod: ")
    means = {offer.name: offer.means for offer in documents.offers(path, 2, 9)}
    today = datetime.now(UTC).date()
    assert means["today"].startswith(f"{today} to {today}") or means["today"].startswith(str(today - timedelta(1)))


ELSEWHERE = """version: 1
report: custom
period: 2026-Q1
title: "northern_deals_count is {{ metrics.northern_deals_count }}, of deal.sales_region"
sections:
  - title: deal.sales_region and northern_deals_count
    kpis: [northern_deals_count]
  - breakdown: {metrics: [won_amount], by: [deal.sales_region]}
filters:
  - {field: deal.sales_region, not_in: [deal.sales_region, northern_deals_count]}
where: "deal.sales_region <> 'deal.sales_region' and deal.sales_region <> 'it''s deal.sales_region'"
"""


def test_only_names_are_renamed(project: Path, documents: Documents) -> None:
    """Neither values of the records nor words in texts; and in a spec that is not saved yet, too."""
    new = project / "specs" / "unsaved.yaml"
    documents.opened(new, ELSEWHERE)
    made = documents.renamed(new, *at(ELSEWHERE, "deal.sales_region]}", 6), "area")
    assert (project / "specs" / "q1.yaml") in made
    after = edited(ELSEWHERE, made[new])
    assert after == (
        ELSEWHERE.replace("by: [deal.sales_region]", "by: [deal.area]")
        .replace("{field: deal.sales_region", "{field: deal.area")
        .replace('"deal.sales_region <>', '"deal.area <>')
        .replace("and deal.sales_region <>", "and deal.area <>")
    )
    made = documents.renamed(new, *at(ELSEWHERE, "northern_deals_count]\n  -"), "north_count")
    assert edited(ELSEWHERE, made[new]) == ELSEWHERE.replace(
        "metrics.northern_deals_count", "metrics.north_count"
    ).replace("kpis: [northern_deals_count", "kpis: [north_count")


@pytest.mark.parametrize(
    ("word", "part", "name"),
    [
        ("deal.sales_region]", 6, "sales_region"),
        ("northern_deals_count, won", 1, "northern_deals_count"),
        ("metrics.northern_deals_count }}", 10, "northern_deals_count"),
        ("won_amount]", 1, None),
        ("custom", 1, None),
    ],
)
def test_what_can_be_renamed(project: Path, documents: Documents, word: str, part: int, name: str | None) -> None:
    spec = project / "specs" / "q1.yaml"
    if name is None:
        with pytest.raises(NotRenamed):
            documents.renamable(spec, *at(SPEC, word, part))
        return
    found, span = documents.renamable(spec, *at(SPEC, word, part))
    line = SPEC.split("\n")[span.line - 1]
    assert (found, line[span.column - 1 : span.end_column - 1]) == (name, name)


@given(st.text("ab𝒳é\n\r\u2028\x85", max_size=40), st.integers(0, 40))
def test_places_of_editors_are_those_of_spans(text: str, at: int) -> None:
    """A letter is the same one whether lines end as YAML has them or as editors have them."""
    at = min(at, len(text))
    if text[max(at - 1, 0) : at + 1] == "\r\n":
        return  # nothing can stand between the two
    yaml_lines = re.split("\r\n|[\n\r\x85\u2028\u2029]", text[:at])
    shown = re.split("\r\n|[\n\r]", text[:at])
    span = (len(yaml_lines), len(yaml_lines[-1]) + 1)
    editor = (len(shown) - 1, len(shown[-1]) + shown[-1].count("𝒳"))
    places = Places(text)
    assert places.at(*span) == at
    assert places.in_editor(*span) == editor
    assert places.of_editor(*editor) == span


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[LanguageServer]:
    started = LanguageServer([sys.executable, "-m", "reportspec", "lsp"], {}, project)
    yield started
    started.close()


@pytest.mark.xdist_group("language-server")
def test_over_the_protocol(server: LanguageServer, project: Path) -> None:
    text = SPEC.replace("won_amount]", "won_amuont]")
    file = server.open(project / "specs" / "q1.yaml", text)
    [wrong] = server.diagnostics(file["uri"])
    line = SPEC.split("\n").index("  - kpis: [northern_deals_count, won_amount]")
    start = {"line": line, "character": len("  - kpis: [northern_deals_count, ")}
    end = {"line": line, "character": len("  - kpis: [northern_deals_count, won_amuont")}
    assert wrong["code"] == "unknown-metric"
    assert wrong["range"] == {"start": start, "end": end}
    assert "did you mean `won_amount`?" in wrong["message"]

    around = {"textDocument": file, "range": wrong["range"], "context": {"diagnostics": [wrong]}}
    [action] = server.ask("textDocument/codeAction", around)
    assert (action["title"], action["isPreferred"]) == ("Write `won_amount`", True)
    assert action["edit"]["changes"] == {file["uri"]: [{"range": wrong["range"], "newText": "won_amount"}]}

    # Behind a sign of two units of UTF-16, too.
    title = SPEC.split("\n").index('title: "{{ metrics.northern_deals_count }} 🚲 deals"')
    place = {"textDocument": file, "position": {"line": title, "character": 24}}
    assert "region North" in server.ask("textDocument/hover", place)["contents"]["value"]
    where = server.ask("textDocument/definition", place)
    assert where["uri"] == (project / "metrics" / "own.yaml").resolve().as_uri()
    renamed = server.ask("textDocument/rename", {**place, "newName": "north_count"})
    assert len(renamed["changes"]) == 3
    offered = server.ask("textDocument/completion", {"textDocument": file, "position": end})
    items = offered["items"] if isinstance(offered, dict) else offered
    assert "won_amount" in {item["label"] for item in items}

    server.tell(
        "textDocument/didChange",
        {"textDocument": {**file, "version": 2}, "contentChanges": [{"text": SPEC}]},
    )
    assert server.diagnostics(file["uri"]) == []


@pytest.mark.xdist_group("language-server")
def test_open_specs_follow_the_mapping(server: LanguageServer, project: Path) -> None:
    """A mapping that is changed and not saved makes mistakes in open specs, and mending it takes them away."""
    spec = server.open(project / "specs" / "follows.yaml", SPEC)
    assert server.diagnostics(spec["uri"]) == []
    text = FILES["mapping.yaml"]
    mapping = server.open(project / "mapping.yaml", text)

    def changed(now: str) -> None:
        version = {**mapping, "version": 2}
        server.tell("textDocument/didChange", {"textDocument": version, "contentChanges": [{"text": now}]})

    assert server.diagnostics(spec["uri"]) == []
    changed(text.replace("      amount: amount\n", ""))
    assert ["won_amount" in each["message"] for each in server.diagnostics(spec["uri"])] == [True]
    changed(text)
    assert server.diagnostics(spec["uri"]) == []
    server.tell("textDocument/didClose", {"textDocument": mapping})


@pytest.mark.xdist_group("language-server")
def test_what_is_refused_is_an_answer(server: LanguageServer, project: Path) -> None:
    """Nothing is written to standard error, whatever is asked; half a letter is no reason to fail."""
    text = SPEC.replace("🚲", "\ud83d")
    file = server.open(project / "specs" / "half.yaml", text)
    row = SPEC.split("\n").index("  - kpis: [northern_deals_count, won_amount]")
    shipped = {"textDocument": file, "position": {"line": row, "character": 36}}
    assert server.ask("textDocument/prepareRename", shipped) is None
    assert "own have other names" in server.refused("textDocument/rename", {**shipped, "newName": "x"})
    own = {"textDocument": file, "position": {"line": 3, "character": 24}}
    prepared = server.ask("textDocument/prepareRename", own)
    assert prepared["placeholder"] == "northern_deals_count"
    start = SPEC.split("\n")[3].index("northern")
    assert prepared["range"]["start"] == {"line": 3, "character": start}
    items = server.ask("textDocument/completion", shipped)
    edit = next(item["textEdit"] for item in items if item["label"] == "won_amount")
    first = len("  - kpis: [northern_deals_count, ")
    assert edit["range"] == {
        "start": {"line": row, "character": first},
        "end": {"line": row, "character": first + len("won_amount")},
    }
    assert server.written() == ""


@pytest.mark.parametrize(
    "body",
    [
        b"{half a message",
        b"\xff\xfe",
        b"[]",
        b"7",
        b'{"jsonrpc": "1.0", "method": "x"}',
        b'{"jsonrpc": "2.0", "id": 9, "method": 5}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": "no"}}',
        b'{"jsonrpc": "2.0", "id": [], "method": "textDocument/hover", "params": {}}',
    ],
)
@pytest.mark.xdist_group("language-server")
def test_a_message_that_is_none_is_a_line_of_the_log(server: LanguageServer, project: Path, body: bytes) -> None:
    """And the server answers what comes after it."""
    before = server.written()
    server.send(body)
    file = server.open(project / "specs" / "after.yaml", SPEC)
    assert server.diagnostics(file["uri"]) == []
    lines = server.written()[len(before) :].splitlines()
    assert 1 <= len(lines) <= 2
    assert [line for line in lines if not line.startswith("reportspec lsp: ") or len(line) > 320] == []


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, run_cli: RunCli) -> None:
    monkeypatch.delitem(sys.modules, "reportspec.editing.language_server", raising=False)
    monkeypatch.setitem(sys.modules, "pygls.lsp.server", None)
    monkeypatch.setitem(sys.modules, "pygls.exceptions", None)
    done = run_cli(["lsp"])
    assert done.returncode == 1
    assert 'pip install "reportspec[lsp]"' in done.stderr
