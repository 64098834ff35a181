"""Posting a delivery as a provider would."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urlsplit


class Unreachable(Exception):
    """Nobody answered at the URL."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The receiver's answer."""

    status: int
    body: str

    @property
    def is_success(self) -> bool:
        """True if a provider would take the delivery for received."""
        return 200 <= self.status < 300


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    # Providers take a redirect for a failure.
    def redirect_request(self, *_: object) -> None:
        return None


# Without the environment's proxies, which would answer in the receiver's place.
_opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def send(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    media_type: str = "application/json",
    timeout_seconds: float = 30,
) -> Answer:
    """Post a body with these headers. Raises `ValueError` for a URL that is not HTTP,
    `Unreachable` when there is no answer."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url!r} is not an http:// or https:// address")
    request = urllib.request.Request(  # noqa: S310
        url, data=body, headers={"Content-Type": media_type, **headers}, method="POST"
    )
    try:
        with _opener.open(request, timeout=timeout_seconds) as response:
            return Answer(response.status, response.read().decode(errors="replace"))
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.read().decode(errors="replace"))
    except (OSError, HTTPException) as error:
        raise Unreachable(f"no answer from {url}: {getattr(error, 'reason', error)}") from error
