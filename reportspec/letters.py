"""Letters that are not seen, or look like others: what a text is without them, and how they are shown."""

from __future__ import annotations

import unicodedata

LOST = "\ufffd"  # what stands where a letter could not be read


def plain_letters(text: str) -> str:
    """A text as it looks: accents and their letters as one (NFC), each kind of blank as a blank, and nothing of what is
    not seen (zero width, marks of direction)."""
    if text.isascii():
        return text
    kinds = ((letter, unicodedata.category(letter)) for letter in unicodedata.normalize("NFC", text))
    return "".join(" " if kind == "Zs" else letter for letter, kind in kinds if kind != "Cf")


def unseen(text: str) -> tuple[str, ...]:
    """The letters of a text that are not seen, or are blanks of another kind, each once."""
    if text.isascii():
        return ()
    return tuple(dict.fromkeys(one for one in text if one != " " and unicodedata.category(one) in ("Cf", "Zs")))


def shown_letters(text: str) -> str:
    """A text in which such letters are named: `won<U+200B>`."""
    for letter in unseen(text):
        text = text.replace(letter, named_letter(letter))
    return text


def named_letter(letter: str) -> str:
    """A letter by its number."""
    return f"<U+{ord(letter):04X}>"


def told_apart(text: str, other: str) -> str:
    """In what two texts differ that look the same; nothing where they look otherwise."""
    if text == other or plain_letters(text) != plain_letters(other):
        return ""
    for one, what in ((text, "what is written"), (other, "that")):
        letters = [letter for letter in unseen(one) if letter not in (other if one is text else text)]
        if letters:
            return f"{what} has {', '.join(map(named_letter, letters))}, which is not seen"
    return "its accents are letters of their own in one of the two (NFD), and in the other not (NFC)"
