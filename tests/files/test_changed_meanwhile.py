"""Files that are written or replaced while they are read: what was found out of one is never used for another."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportspec.databases import source_of
from reportspec.errors import SourceError
from reportspec.model.mapped import ColumnRead
from reportspec.model.settings import FileSpec
from reportspec.run import execute
from reportspec.run.connect import connect
from reportspec.run.connection import Wanted
from reportspec.run.files import loading

FIRST = "id,created\n1,2026-02-01\n2,2026-02-03\n3,2026-02-13\n"
OTHER = "id,created\n1,03/02/2026\n2,05/02/2026\n3,25/02/2026\n"  # as long as the first


def opened(path: Path) -> list[tuple[object, ...]]:
    """The rows of the file, as a run reads them."""
    files = {"deals": FileSpec((str(path),))}
    wanted = Wanted(frozenset({"deals"}), reads=(ColumnRead("deals", "id"), ColumnRead("deals", "created", "DATE")))

    def rows() -> list[tuple[object, ...]]:
        session = connect(source_of("files", "1 file", files=files), wanted)
        try:
            return [tuple(map(str, row)) for row in session.run("SELECT id, created FROM deals ORDER BY id").rows]
        finally:
            session.close()

    return execute._tried(rows)


@pytest.mark.parametrize("replaced", [True, False])
@pytest.mark.parametrize("times", [1, 99])
def test_formats_of_one_version_read_no_rows_of_another(
    times: int, replaced: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, left = tmp_path / "deals.csv", [times]
    path.write_text(FIRST, encoding="utf-8")
    texts = [OTHER, FIRST]
    judge = loading.description

    def judged_and_written(table: str, spec: FileSpec, wanted: Wanted) -> loading.Description:
        made = judge(table, spec, wanted)
        if left[0] > 0:
            left[0] -= 1
            text = texts[(times - left[0] + 1) % 2]
            if replaced:
                (tmp_path / "new").write_text(text, encoding="utf-8")
                (tmp_path / "new").replace(path)
            else:
                path.write_text(text, encoding="utf-8")
        return made

    monkeypatch.setattr(loading, "description", judged_and_written)
    monkeypatch.setattr(execute, "_FIRST_WAIT", 0)
    if times == 1:
        days = [day for _, day in opened(path)]
        assert days == ["2026-02-03", "2026-02-05", "2026-02-25"]
        return
    with pytest.raises(SourceError) as refused:
        opened(path)
    assert refused.value.code == "changed-source"
    assert "`deals.csv` was changed while it was read" in refused.value.message
