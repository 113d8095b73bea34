"""What PDF/UA-1 and PDF/A-3 ask of a PDF's structure and WeasyPrint leaves out."""

from __future__ import annotations

from typing import Any


def mend_structure(pdf: Any) -> None:
    """Give each heading of a table its scope (PDF/UA-1, 7.5), and name each attachment once."""
    import pydyf

    for item in pdf.objects:
        if isinstance(item, dict) and item.get("S") == "/TH" and "A" in item:
            item["A"]["Scope"] = "/Column"
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
