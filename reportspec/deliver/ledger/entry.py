"""What a ledger keeps of one mail, file or message."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from reportspec.lazy_dataclass import dataclass

State = Literal["claimed", "data", "sent", "refused"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail (or file, or message) to one recipient: its key, its state, and the stored message.
    `copies` counts how often handing over was begun without a clear end."""

    report: str
    period: str
    recipient: str
    state: State = "claimed"
    message_id: str = ""
    subject: str = ""
    digest: str = ""  # SHA-256 of the stored message; of what was refused, of what was asked
    figures: str = ""  # a digest of the figures, to tell a change
    message: bytes = b""
    copies: int = 0
    attempts: int = 0
    said: str = ""  # what the server or the outlet answered last
    at: str = ""  # of the last change, UTC

    @property
    def key(self) -> tuple[str, str, str]:
        """What the entry is known by."""
        return self.report, self.period, self.recipient


def stamped(entry: Entry, **changes: Any) -> Entry:
    """The entry with changes, as of now."""
    return replace(entry, **changes, at=datetime.now(UTC).isoformat(timespec="seconds"))
