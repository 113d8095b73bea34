"""Exports in Japanese: their words, their encoding, and letters that no font has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from reportspec.building import Order
from reportspec.onboarding.name_words import state_of, taken_as, words_of
from reportspec.onboarding.start import start
from reportspec.onboarding.wish import Started, Takes, Wish
from reportspec.render import fonts
from tests.figures.asking import figures, rows

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DEALS = 45
STATES = ("商談中", "受注", "失注")


def begun(folder: Path, head: str, encoding: str = "cp932") -> Started:
    lines = [head]
    for at in range(DEALS):
        state, day = STATES[at % 3], f"2026/0{1 + at % 9}/{10 + at % 18}"
        worth = f'"￥{at + 1},000,000"'
        why = "価格" if state == "失注" else ""
        who, firm = ("高橋", "伊藤")[at % 2], ("丸山商店", "北海電機", "大和工業")[at % 3]
        lines.append(f"S-{at},設備更新{at},{firm},{who},{('提案', '見積')[at % 2]},{state},{worth},2025/12/01,"
                     f"2026/12/20,{day if at % 3 else ''},{why},{('紹介', '展示会')[at % 2]}")  # fmt: skip
    (folder / "商談一覧.csv").write_bytes("\n".join(lines).encode(encoding))
    return start(Wish((str(folder / "商談一覧.csv"),), folder / "p"), Order(NOW, {}), Takes(), lambda name: None)


HEADS = [
    "商談番号,商談名,取引先名,商談所有者,フェーズ,ステータス,金額,登録日,受注予定日,完了日,失注理由,リードソース",
    "案件ID,案件名,顧客名,営業担当者,案件フェーズ,状況,受注金額,作成日,クローズ予定日,クローズ日,敗因,流入経路",
]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_columns_are_told_by_their_words(
    head: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_host_fonts", lambda: ())
    made = begun(tmp_path, head, encoding)
    deal = yaml.safe_load((tmp_path / "p" / "mapping.yaml").read_text(encoding="utf-8"))["entities"]["deal"]
    names = dict(zip(("key", "name", "account_id", "owner_id", "stage_id", "status", "amount", "created_at",
                      "expected_close_date", "closed_at", "loss_reason", "source"), head.split(","), strict=True))  # fmt: skip
    assert deal["key"] == f'"{names.pop("key")}"'
    for field, column in names.items():
        said = deal["fields"][field]
        assert f'"{column}"' in (said if isinstance(said, str) else said["sql"]), field
    asked = ["won_deals_count", "lost_deals_count", "open_opportunities_count", "won_amount"]
    spec = {"report": "custom", "period": "2026", "sections": [{"id": "a", "kpis": asked}]}
    [row] = rows(figures(tmp_path / "p", spec, NOW), "a")
    won = sum((at + 1) * 1_000_000 for at in range(DEALS) if at % 3 == 1)
    assert tuple(row[name] for name in asked) == (DEALS // 3, DEALS // 3, DEALS // 3, won)
    assert "missing-font" in {one.code for one in made.diagnostics}
    settings = yaml.safe_load((tmp_path / "p" / "reportspec.yaml").read_text(encoding="utf-8"))
    assert (settings["locale"], settings["currency"], settings["timezone"]) == ("ja_JP", "JPY", "Asia/Tokyo")


def test_what_messages_tell_of_is_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder for trial is named nowhere, from wherever it was begun."""
    monkeypatch.chdir(tmp_path)
    made = begun(tmp_path, HEADS[0])
    assert all(one.span is None or one.span.file.startswith(str(tmp_path / "p")) for one in made.diagnostics)


@pytest.mark.parametrize(
    ("value", "state", "taken"),
    [
        ("受注", "won", "won"),
        ("失注（価格）", "lost", "lost"),
        ("商談中", "open", "open"),
        ("初回訪問", None, "open"),
        ("未受注", None, None),
        ("受注 見込み", None, "open"),
    ],
)
def test_states(value: str, state: str | None, taken: str | None) -> None:
    assert (state_of(value, "deal.status"), taken_as(value, "deal.status")) == (state, taken)


def test_japanese_names_are_parted_by_words() -> None:
    assert words_of("案件名") == ("案件", "name")
    assert words_of("商談ID") == ("商談", "id")
    assert words_of("受注予定日") == ("受注", "予定", "date")
    assert words_of("ﾌｪｰｽﾞ") == words_of("フェーズ") == ("フェーズ",)
