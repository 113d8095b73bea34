"""A file of many keys: each is told at its own line, in a time that does not grow with their square."""

from __future__ import annotations

from pathlib import Path

from reportspec.api import validate
from reportspec.source import tree


def test_each_of_many_keys_is_told_at_its_line(tmp_path: Path) -> None:
    count = 40 * tree._FEW
    text = "version: 1\nmetrics: [won_amount]\n" + "".join(f"k{number}: 1\n" for number in range(count))
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", "utf-8")
    (tmp_path / "many.yaml").write_text(text, "utf-8")
    told = validate(tmp_path / "many.yaml")
    lines = [one.span.line for one in told if one.code == "unknown-key" and one.span is not None]
    assert lines == [number + 3 for number in range(count)]


def test_the_first_entry_of_a_key_counts_in_large_maps_as_in_small_ones() -> None:
    nowhere = tree.Scalar(0, "0", None)  # type: ignore[arg-type]
    for count in (3, 3 * tree._FEW):
        keys = [tree.Scalar(f"k{number % (count - 1)}", "", nowhere.span) for number in range(count)]
        entries = tuple(tree.Entry(key, tree.Scalar(place, "", nowhere.span)) for place, key in enumerate(keys))
        mapping = tree.Mapping(entries, nowhere.span)
        assert [mapping.get(f"k{number}").value for number in range(count - 1)] == [*range(count - 1)]  # type: ignore[union-attr]
        assert mapping.entry("other") is None
