"""A subject is read as it was written, whatever letters it has, by readers that decode as RFC 2047 says."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header

from reportspec.deliver.message import Head, notice

WORDS = ["Neuer", "Umsatz:", "62.181 €", "(Q2 2026: 31.950 €)", "·", "Q3", "2026", "Über", "là-bas", "売上", "x" * 60]


def sent(subject: str) -> bytes:
    at = datetime(2026, 11, 5, 8, tzinfo=UTC)
    return notice(Head("Ops <ops@example.com>", ("ann@example.com",), (), "", subject, "<a@example.com>", "a", at), "x")


def test_blanks_between_words_beyond_ascii_stay() -> None:
    rng = random.Random(1)
    subjects = ["Neuer Umsatz: 62.181 € (Q2 2026: 31.950 €) · Q3 2026", "Won: 1,200 (before: 900), Q3 2026"]
    subjects += [" ".join(rng.choices(WORDS, k=rng.randint(1, 9)))[:190].strip() for _ in range(300)]
    for subject in subjects:
        message = sent(subject)
        head = message.partition(b"\r\n\r\n")[0]
        assert all(len(line) <= 78 for line in head.split(b"\r\n"))
        assert str(message_from_bytes(message, policy=policy.default)["Subject"]) == subject
        raw = str(message_from_bytes(message)["Subject"]).replace("\r\n", "")
        assert str(make_header(decode_header(raw))) == subject
