"""What PDF/UA-1 and PDF/A-3 ask of a PDF's structure and WeasyPrint leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def mend_structure(pdf: Any) -> None:
    """Give each heading of a table its scope (PDF/UA-1, 7.5), mark what stands at the top and the
    bottom of each page as such (7.8), and name each attachment once."""
    import pydyf

    for item in pdf.objects:
        if isinstance(item, dict) and item.get("S") == "/TH" and "A" in item:
            item["A"]["Scope"] = "/Column"
    if "StructTreeRoot" in pdf.catalog:
        _mark_running_lines(pdf)
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))


def _mark_running_lines(pdf: Any) -> None:
    """Lines in the margins are tagged as text of elements that belong to no tree: they become
    artifacts of pagination, which no reader says aloud on every page."""
    objects: dict[int, Any] = {pdf_object.number: pdf_object for pdf_object in pdf.objects}
    tree = objects[_number(pdf.catalog["StructTreeRoot"])]
    document = objects[_number(tree["K"][0])]
    linked, parent = set(document["K"]), document.reference
    pages = {page: place for place, page in enumerate(pdf.page_references)}
    lost: dict[int, set[int]] = {}
    for pdf_object in objects.values():
        is_child = pdf_object.get("P") == parent if isinstance(pdf_object, dict) else False
        if is_child and pdf_object.reference not in linked:
            lost.setdefault(pages[pdf_object["Pg"]], set()).update(_marks(pdf_object, objects))
    numbers = objects[_number(tree["ParentTree"])]["Nums"]
    of_page = dict(zip(numbers[::2], numbers[1::2], strict=True))
    for place, marks in lost.items():
        for mark in marks:
            of_page[place][mark] = "null"
        contents = objects[_number(pdf.page_references[place])]["Contents"]
        _as_pagination(objects[_number(contents)].stream, marks)


def _marks(element: Any, objects: dict[int, Any]) -> Iterator[int]:
    """The marks of an element's text. The element itself is not written."""
    element.free = "f"
    for kid in element["K"]:
        if isinstance(kid, int):
            yield kid
        else:
            yield from _marks(objects[_number(kid)], objects)


def _as_pagination(stream: list[Any], marks: set[int]) -> None:
    import pydyf

    wanted = set(marks)
    for place in range(len(stream) - 1, 0, -1):
        item = stream[place]
        if not wanted:
            return
        if isinstance(item, dict) and item.get("MCID") in wanted:
            wanted.remove(item["MCID"])
            stream[place - 1] = "/Artifact"
            end = "/Header" if _at_the_top(stream[place:]) else "/Footer"
            stream[place] = pydyf.Dictionary({"Type": "/Pagination", "Subtype": end})


_TOP = 150.0  # CSS pixels from the upper edge; no margin at the top is as high


def _at_the_top(stream: list[Any]) -> bool:
    """Whether the text that begins here is in the upper margin."""
    for item in stream:
        if isinstance(item, bytes) and item.endswith(b" Tm"):
            return float(item.split()[5]) < _TOP
    return False


def _number(reference: Any) -> int:
    text = reference.decode() if isinstance(reference, bytes) else str(reference)
    return int(text.split()[0])
