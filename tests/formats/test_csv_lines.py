"""What is written as CSV is read again as it was, by every reader: whatever ends a row somewhere is quoted."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from reportspec.csv_lines import csv_writer

CELLS = st.text(st.sampled_from("a,\"'\r\n\t =;\u2028\x85"), max_size=6)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=4))
def test_rows_are_read_as_they_were_written(rows: list[list[str]]) -> None:
    stream = io.StringIO()
    csv_writer(stream).writerows(rows)
    text = stream.getvalue()
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows
    # No line end, of whichever kind, stands outside of quotes but at the end of a row.
    bare = "".join(part for at, part in enumerate(text.split('"')) if at % 2 == 0)
    assert "\r" not in bare
    assert bare.count("\n") == len(rows)
