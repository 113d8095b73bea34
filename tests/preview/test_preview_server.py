"""The preview's server lets in whoever has the token, by its own name, from its own pages, and nobody else."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from reportspec.preview.preview_server import MOST_WAITING, PortTaken, PreviewServer
from reportspec.reference.explanation import explained
from tests.preview.small import NOW, SPEC, Asked, previewed, project, served

pytestmark = pytest.mark.xdist_group("preview_server")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with served(previewed(project(tmp_path_factory.mktemp("served")))) as asked:
        yield asked


def state(asked: Asked, query: str = "") -> dict[str, Any]:
    answer, text = asked.get(f"state?{query}")
    assert answer.status == 200
    found: dict[str, Any] = json.loads(text)
    return found


def figure(asked: Asked, mark: str, side: str = "current") -> dict[str, Any]:
    page = state(asked)["page"]
    answer, text = asked.get(f"figure?page={page}&side={side}&at={quote(mark)}")
    assert answer.status == 200, text
    found: dict[str, Any] = json.loads(text)
    return found


# --- who is let in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "state", "preview.js", "events", "report/x", "figure"])
@pytest.mark.parametrize("token", ["", "x", "%00", "open"])
def test_without_the_token_there_is_nothing(asked: Asked, path: str, token: str) -> None:
    answer, text = asked.get(path, token=token)
    assert answer.status == 404
    assert asked.server.token not in text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "0.0.0.0:{port}"]
)
@pytest.mark.parametrize("path", ["state", "events"])
def test_another_host_is_refused(asked: Asked, host: str, path: str) -> None:
    answer, _ = asked.get(path, host=host.format(port=asked.server.port))
    assert answer.status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["", "state", "events"])
def test_pages_of_other_origins_may_not_ask(asked: Asked, headers: dict[str, str], path: str) -> None:
    answer, _ = asked.get(path, **headers)
    assert answer.status == 403
    assert answer.headers["Access-Control-Allow-Origin"] is None


def test_what_changes_something_is_asked_by_its_own_page_alone(asked: Asked) -> None:
    before = asked.server.previewed.revision
    for method, headers, status in (
        ("GET", {}, 404),
        ("POST", {}, 403),
        ("POST", {"Origin": "http://evil.example"}, 403),
        ("PUT", {"Origin": f"http://127.0.0.1:{asked.server.port}"}, 501),
    ):
        answer, _ = asked.get("read-again", method, **headers)
        assert answer.status == status
    assert asked.server.previewed.revision == before
    answer, _ = asked.get("read-again", "POST", Origin=f"http://127.0.0.1:{asked.server.port}")
    assert (answer.status, asked.server.previewed.revision) == (200, before + 1)


@pytest.mark.parametrize(
    "path", ["", "state", "preview.js", "preview.css", "nothing", "../../etc/passwd", "page/preview.html"]
)
def test_every_answer_is_for_its_own_page_alone(asked: Asked, path: str) -> None:
    answer, _ = asked.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"https?:|\*|unsafe-eval|unsafe-inline", policy)
    assert answer.headers["Access-Control-Allow-Origin"] is None
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_report_runs_nothing_and_loads_nothing(asked: Asked) -> None:
    answer, text = asked.get(f"report/{state(asked)['page']}")
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:;")
    assert "<script" not in text
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)


def test_the_pages_own_files_name_no_other_place() -> None:
    import reportspec.preview.preview_server as module

    for file in (Path(module.__file__).parent / "page").iterdir():
        assert "//" not in re.sub(r"^\s*//.*$|\s// .*$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE), (
            file.name
        )


def test_the_browser_is_led_to_the_page_once(asked: Asked) -> None:
    path = asked.server.once.rpartition("/")[2]
    answer, _ = asked.get(path, token="open")
    assert (answer.status, answer.headers["Location"]) == (303, f"/{asked.server.token}/")
    answer, _ = asked.get(path, token="open")
    assert answer.status == 404


def test_it_listens_on_this_machine_alone(asked: Asked) -> None:
    assert asked.server.socket.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_told(asked: Asked) -> None:
    with pytest.raises(PortTaken) as taken:
        PreviewServer(asked.server.previewed, asked.server.port)
    assert taken.value.port == asked.server.port
    assert "in use" in taken.value.why


def test_what_cannot_be_read_is_no_bug(asked: Asked) -> None:
    for path, status in (("x" * 30_000, 414), ("figure?at=%ff&page=x", 404), ("state?period=" + "9" * 500, 200)):
        assert asked.get(path)[0].status == status


# --- what is told ----------------------------------------------------------------------------------


def test_changes_are_told_as_they_come(asked: Asked) -> None:
    stream = socket.create_connection(("127.0.0.1", asked.server.port), 10)
    host = f"127.0.0.1:{asked.server.port}"
    stream.sendall(f"GET /{asked.server.token}/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    lines = stream.makefile()
    before = asked.server.previewed.revision
    assert next(line for line in lines if line.startswith("data:")) == f"data: {before}\n"
    asked.server.previewed.read_again()
    assert next(line for line in lines if line.startswith("data:")) == f"data: {before + 1}\n"
    stream.close()


def test_pages_that_wait_are_bounded(asked: Asked) -> None:
    held = 0
    while asked.server.may_wait():
        held += 1
    assert held <= MOST_WAITING
    assert asked.get("events")[0].status == 503
    for _ in range(held):
        asked.server.waited()


def test_a_mistake_comes_with_its_place_and_lines(tmp_path: Path) -> None:
    spec = project(tmp_path, SPEC.replace("won_amount, close_rate", "won_amont, close_rate"))
    with served(previewed(spec)) as asked:
        found = state(asked)
    [problem] = found["diagnostics"]
    assert (found["page"], problem["code"], problem["line"], problem["column"]) == (None, "unknown-metric", 12, 36)
    assert problem["file"].endswith("won.yaml")
    assert [line[0] for line in problem["excerpt"]] == [10, 11, 12, 13, 14]
    _, before, meant, after = problem["excerpt"][2]
    assert (before, meant, after) == ("  - {id: head, title: Head, kpis: [", "won_amont", ", close_rate]}")
    assert problem["help"] == "did you mean `won_amount`?"


def test_an_excerpt_has_no_password(tmp_path: Path) -> None:
    spec = project(tmp_path)
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: postgresql://me:hush@nowhere.invalid:1/x\ncrm: nope\n"
    )
    with served(previewed(spec)) as asked:
        _, text = asked.get("state")
    assert "postgresql://me:****@" in text
    assert "hush" not in text


def test_what_is_chosen_is_in_the_address(asked: Asked) -> None:
    assert state(asked)["params"] == [{"name": "least", "type": "integer", "choices": [], "default": "0", "value": "0"}]
    found = state(asked, "set.least=4000&period=2026-Q2")
    assert (found["params"][0]["value"], found["period"]) == ("4000", "2026-Q2")
    assert [one["code"] for one in state(asked, "set.most=1")["diagnostics"]] == ["unknown-param"]


# --- what figures are made of ----------------------------------------------------------------------

WON = "0 won_amount head"


def adds(found: dict[str, Any], part: int = 0) -> dict[str, str]:
    return {row["values"][0]: row["adds"] for row in found["parts"][part]["rows"]}


def test_every_figure_of_the_page_says_what_it_is_made_of(asked: Asked) -> None:
    page = state(asked)["page"]
    marks = [unescape(mark) for mark in re.findall(r'data-figure="([^"]+)"', asked.get(f"report/{page}")[1])]
    assert len(marks) == 16  # 2 tiles; 2 people and their total, 3 months and theirs, each with its change
    for mark in marks:
        assert figure(asked, mark)["why"] == "", mark


def test_the_rows_behind_a_tile(asked: Asked) -> None:
    found = figure(asked, WON)
    assert adds(found) == {
        "D3": "9,000.00 EUR",
        "D1": "4,000.00 EUR",
        "D6": "1,200.00 EUR",
        "D2": "left out: it has no value",
    }
    assert adds(figure(asked, WON, "previous")) == {"P1": "500.00 EUR", "P2": "300.00 EUR"}


def test_the_rows_behind_a_rate_are_those_of_both_its_parts(asked: Asked) -> None:
    found = figure(asked, "0 close_rate head")
    assert [sorted(adds(found, part)) for part in (0, 1)] == [["D1", "D2", "D3", "D6"], ["D1", "D2", "D3", "D4", "D6"]]


def test_the_rows_behind_a_row_a_step_and_a_total(asked: Asked) -> None:
    sections = {one.id: one for one in asked.server.previewed.page(state(asked)["page"]).figures.sections}  # type: ignore[union-attr]
    bo = [row[0] for row in sections["people"].rows].index("Bo Ny")
    assert sorted(adds(figure(asked, f"{bo} won_amount people"))) == ["D3", "D6"]
    assert sorted(adds(figure(asked, f"{bo} won_amount__previous people", "previous"))) == ["P2"]
    assert sorted(adds(figure(asked, "total won_amount people"))) == ["D1", "D2", "D3", "D6"]
    assert sorted(adds(figure(asked, "1 won_amount months"))) == ["D2", "D6"]
    assert sorted(adds(figure(asked, "1 won_amount months", "previous"))) == ["P1"]


def test_the_rows_behind_a_step_are_those_that_the_report_counts(tmp_path: Path) -> None:
    """What happened in a step is told as it is known at the report's date, so that steps add up: a deal that was entered
    late counts in the month of its close. What there is at a time is told as of the step's end."""
    text = SPEC.replace("metrics: [won_amount], grain", "metrics: [won_amount, open_opportunities_count], grain")
    with served(previewed(project(tmp_path, text))) as asked:
        deals = tmp_path / "deals.csv"
        deals.write_text(deals.read_text() + "L1,Late,won,100,EUR,2026-07-20T09:00:00,2026-08-02T09:00:00,b\n")
        assert sorted(adds(figure(asked, "0 won_amount months"))) == ["D1", "L1"]
        steps = [sorted(adds(figure(asked, f"{at} open_opportunities_count months"))) for at in range(3)]
    assert steps == [["D2", "D3", "D4"], ["D3", "D4", "D5"], ["D5"]]


def test_the_details_are_what_explain_says(asked: Asked) -> None:
    from dataclasses import asdict, replace

    from tests.loading import load_report

    report = load_report(asked.server.previewed.spec, NOW, {}).report
    assert report is not None
    of_section = replace(report, sections=report.sections[:1])
    told = asdict(explained(of_section, report.binding.catalogue.metrics["won_amount"]))
    assert figure(asked, WON)["explanation"] == json.loads(json.dumps(told))


def test_personal_data_are_covered_unless_they_are_asked_for(asked: Asked, tmp_path: Path) -> None:
    found = figure(asked, WON)
    place = found["parts"][0]["fields"].index("user.email")
    assert {row["values"][place] for row in found["parts"][0]["rows"]} == {"a…@a…", "b…@a…"}
    assert "acme.com" not in json.dumps(found["parts"])
    with served(previewed(project(tmp_path), personal=True)) as whole:
        found = figure(whole, WON)
    assert {row["values"][place] for row in found["parts"][0]["rows"]} == {"ada@acme.com", "bo@acme.com"}


def test_a_figure_that_is_gone_is_told(asked: Asked) -> None:
    page = state(asked)["page"]
    for query in (
        "page=x&at=0+won_amount+head",
        f"page={page}&at=9+won_amount+head",
        f"page={page}&at=",
        f"page={page}",
    ):
        answer, text = asked.get(f"figure?{query}")
        assert answer.status == 404
        assert "anew" in json.loads(text)["problem"]


def test_a_server_whose_data_changed_says_so_at_the_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is only known by asking is kept as it was when it was read: a changed title shows it again, what is missing
    has all of it read again, and rows are those of now."""
    monkeypatch.setattr("reportspec.preview.kept_answers.stamp_of", lambda source: None)
    spec = project(tmp_path)
    deals = tmp_path / "deals.csv"
    with served(previewed(spec)) as asked:
        first = state(asked)
        deals.write_text(deals.read_text().replace("9000", "8000"))
        spec.write_text(SPEC.replace("title: Won", "title: Sold"))
        asked.server.previewed.look()
        again = state(asked)
        assert (again["title"], again["asked"], again["read"]) == ("Sold", 0, first["read"])
        found = figure(asked, WON)
        assert found["parts"] == []
        assert found["why"].endswith("counted by themselves they come to 13,200 and the report has 14,200")
        spec.write_text(SPEC + "  - {id: more, kpis: [deals_created_count]}\n")
        asked.server.previewed.look()
        assert state(asked)["asked"] > 0
        assert figure(asked, WON)["why"] == ""
        assert adds(figure(asked, WON))["D3"] == "8,000.00 EUR"


def test_a_bug_is_told_and_the_next_request_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    with served(previewed(project(tmp_path)), told.append) as asked:
        with monkeypatch.context() as broken:
            broken.setattr(asked.server, "_state", lambda found: 1 / 0)
            assert asked.get("state")[0].status == 500
        assert told == ["reportspec has a bug: ZeroDivisionError: division by zero"]
        assert asked.get("state")[0].status == 200
