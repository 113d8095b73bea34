"""A message in JSON to an address of the web."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException, InvalidURL
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from reportspec.deliver.outlets import time_limit
from reportspec.deliver.outlets.censor import without_secrets
from reportspec.deliver.outlets.parcel import OutletError, Parcel, no_target, why_not
from reportspec.deliver.outlets.time_limit import in_time
from reportspec.diagnostics import harmless_json
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mail import Outlet


class _Still(HTTPRedirectHandler):
    """Follows nothing: a hook that leads elsewhere would take the figures there."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class JsonMessage:
    """What `write` makes of a parcel, posted."""

    outlet: Outlet
    write: Callable[[Parcel], dict[str, Any]]
    within: float  # seconds

    def take(self, parcel: Parcel) -> str:
        """Post it; the status that was answered."""
        if not self.outlet.target:
            raise no_target(self.outlet)
        data = harmless_json(json.dumps(self.write(parcel), ensure_ascii=False)).encode()
        try:
            return in_time(self.within + time_limit.GRACE, lambda: self._post(data))
        except TimeoutError as error:
            # It may have the message: nobody knows what became of it.
            name, why = f"the {self.outlet.kind} `{self.outlet.name}`", why_not(error, self.within)
            raise OutletError(f"{name} did not answer: {why}", doubt=True) from None

    def _post(self, data: bytes) -> str:
        head = {"Content-Type": "application/json; charset=utf-8"}
        name = f"the {self.outlet.kind} `{self.outlet.name}`"
        try:
            request = Request(self.outlet.target, data, head)
            with build_opener(_Still).open(request, timeout=self.within) as answer:
                return f"{answer.status}"
        except HTTPError as error:
            reason = self._answered(error)
            later = error.code in (408, 425, 429) or error.code >= 500
            raise OutletError(f"{name} answered {reason}", temporary=later) from None
        except URLError as error:  # before all of it was handed over
            raise OutletError(f"{name} cannot be reached: {why_not(error.reason, self.within)}") from None
        except (InvalidURL, ValueError):
            raise OutletError(f"{name} has no address that can be used", temporary=False) from None
        except (OSError, HTTPException) as error:
            # It has the message, and its answer is missing: nobody knows what became of it.
            raise OutletError(f"{name} did not answer: {why_not(error, self.within)}", doubt=True) from None

    def _answered(self, error: HTTPError) -> str:
        """A status in words, and what is said beside it in a few plain words, as Slack does."""
        try:
            phrase = HTTPStatus(error.code).phrase
        except ValueError:
            phrase = ""
        if 300 <= error.code < 400:
            return f"{error.code} {phrase}: it leads elsewhere, which is not followed; name that address"
        try:
            body = error.read(200).decode("utf-8", "replace").strip()
        except (OSError, HTTPException):
            body = ""
        plain = re.fullmatch(r"[\w .,:'-]{1,80}", body, re.ASCII)
        reason = without_secrets(body, self.outlet.target) if plain else ""
        return f"{error.code} {phrase}".strip() + (f": {reason}" if reason else "")
