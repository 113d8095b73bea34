"""Ways out beside mail: a folder, a store of fsspec's, a webhook, Slack. One interface: take a parcel."""

from __future__ import annotations

from pathlib import Path

from reportspec.deliver.outlets import time_limit
from reportspec.deliver.outlets.folder import Folder
from reportspec.deliver.outlets.json_message import JsonMessage
from reportspec.deliver.outlets.parcel import OutletError, Parcel, Way, links
from reportspec.deliver.outlets.slack import slack_blocks
from reportspec.deliver.outlets.store import Store
from reportspec.deliver.outlets.webhook import webhook_figures
from reportspec.model.mail import Outlet


def way(outlet: Outlet, root: Path, seconds: float | None = None) -> Way:
    """The way out that an outlet of the project means; it is waited for so many seconds."""
    within = time_limit.of_answer(seconds)
    match outlet.kind:
        case "folder":
            return Folder(outlet, root)
        case "store":
            return Store(outlet, time_limit.of_store(seconds))
        case "slack":
            return JsonMessage(outlet, slack_blocks, within)
        case _:
            return JsonMessage(outlet, webhook_figures, within)


__all__ = ["OutletError", "Parcel", "Way", "links", "way"]
