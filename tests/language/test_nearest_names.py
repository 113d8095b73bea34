"""The name that a misspelt word stands for is found at once, however many names there are, and is the nearest one."""

from __future__ import annotations

import difflib
import random
import time

from reportspec.catalogue.load import packaged
from reportspec.diagnostics import did_you_mean, folded_name
from reportspec.resolve.document import written_document

METRICS = sorted(packaged().metrics)


def misspelt(seed: int, number: int) -> list[str]:
    """Names with up to three letters wrong."""
    drawn = random.Random(seed)
    words = []
    for _ in range(number):
        letters = list(drawn.choice(METRICS))
        for _ in range(drawn.randint(1, 3)):
            at = drawn.randrange(len(letters))
            letters[at] = drawn.choice(["", "a", "_", letters[at] * 2])
        words.append("".join(letters))
    return words


def test_none_is_more_alike() -> None:
    """By difflib over all names: none but those that would say the opposite is more alike than the one that is told."""

    def alike(word: str, name: str) -> float:
        return difflib.SequenceMatcher(None, folded_name(name), folded_name(word)).ratio()

    words = misspelt(7, 60)
    told = {word: did_you_mean(word, METRICS) for word in words}
    assert sum(name is not None for name in told.values()) > 50
    for word, name in told.items():
        if name is not None and folded_name(word) != name:
            better = [other for other in METRICS if alike(word, other) > alike(word, name)]
            assert all(did_you_mean(word, [other]) is None for other in better), (word, name, better)


def test_a_thousand_words_take_no_second() -> None:
    words = misspelt(8, 1000)
    began = time.process_time()
    for word in words:
        did_you_mean(word, METRICS)
    assert time.process_time() - began < 2


def test_what_is_too_much_is_told_and_not_looked_into() -> None:
    """Of a list that is longer than the language lets it be, the part within its limit is what is looked into."""
    goals = "".join(f"  goal_{number}: 1\n" for number in range(3000))
    options = "".join(f"          - {number}\n" for number in range(20000))
    text = f"version: 1\nreport: pipeline\ngoals:\n{goals}filters:\n  - field: deal.amount\n    in:\n{options}title: Long\n"
    found = written_document(text, "report", "long.yaml")
    assert [problem.code for problem in found.problems] == ["too-long", "too-long"]
    assert (len(found.data["goals"]), len(found.data["filters"][0]["in"])) == (100, 10000)
    assert found.data["title"] == "Long"
