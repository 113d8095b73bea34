"""How near names are, found through what they share."""

from __future__ import annotations

import random

from reportspec.onboarding.name_words import Weighed, _fields, alike, entity_words, words_of


def test_the_nearest_of_many_names_is_that_of_a_look_at_all_of_them() -> None:
    """The names of fields in all languages, and such as are misspelt, cut and put together of them."""
    drawn = random.Random(7)
    names = [words_of(name) for every in _fields()["any"].values() for name in every]
    names += [words for every in entity_words().values() for words in every]
    for _ in range(1500):
        few = [(one, drawn.choice((1.0, 0.99, 0.9, 0.5))) for one in drawn.sample(names, drawn.choice((1, 5, 40)))]
        words = drawn.choice(names)
        if drawn.random() < 0.6:
            text = list("".join(words))
            text[drawn.randrange(len(text))] = drawn.choice("aeinrst")
            words = drawn.choice([("".join(text),), (*words, *drawn.choice(names)), words[-1:]])
        best = drawn.choice((0.0, 0.0, drawn.random()))
        nearest = max(best, *(alike(words, name) * worth for name, worth in few))
        assert abs(Weighed(few).nearest(words, best) - nearest) < 1e-9, words
