"""What stores and hooks say, without what is secret in it."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL|SIGNATURE|DSN", re.IGNORECASE)
_AWS_KEY = re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b")
_USER = re.compile(r"://[^/\s'\"]*@")
_QUERY = re.compile(r"(://[^\s'\"?]*)\?[^\s'\"]*")
_LONGEST = 300


def without_secrets(text: str, target: str) -> str:
    """What a store or hook said, in one line: without users and passwords of addresses, what stands
    behind their `?`, AWS keys, and what the target or the environment has of this."""
    text = " ".join(text.split())
    for secret in sorted(_secrets(target), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _QUERY.sub(r"\1", _USER.sub("://", text))
    text = _AWS_KEY.sub("***", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _secrets(target: str) -> set[str]:
    secrets = {v for k, v in os.environ.items() if _SECRET_NAME.search(k) and len(v) >= 8}
    try:
        parts = urlsplit(target)
    except ValueError:
        return secrets
    user = parts.netloc.rpartition("@")[0]
    of_address = {user, *user.split(":"), parts.query}
    of_address |= {pair.partition("=")[2] for pair in parts.query.split("&")}
    of_address |= {unquote(secret) for secret in of_address}
    if parts.scheme in ("http", "https"):  # of a hook the path is its password
        of_address |= {parts.path, *parts.path.split("/")}
    return secrets | {secret for secret in of_address if len(secret) >= 4}
