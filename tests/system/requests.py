"""Requests to the project through nginx: genuine deliveries, and strangers'."""

import json
import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

from django.conf import settings
from django.utils import timezone

from tests.system.nginx import HOST, Proxy
from webhooks.providers import PROVIDERS
from webhooks.testing import sample

PROVIDER = "Stripe/1.0"
"""The user agent of genuine deliveries, by which nginx's log tells them from others."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, 0 where there was none, and its headers by names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


NONE = Answer(0, {}, b"")


def request(line: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Return a request: a line such as `POST /webhooks/stripe`, headers, and a body."""
    told = {"Host": HOST, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {text}\r\n" for name, text in told.items())
    return f"{line} HTTP/1.1\r\n{head}\r\n".encode() + body


def delivery(
    headers: Mapping[str, str] | None = None, *, event: dict[str, Any] | None = None
) -> bytes:
    """Return a genuine delivery, of a new event unless one is given, with more headers."""
    body = json.dumps(event or sample("refund.created")).encode()
    secret = settings.STRIPE_WEBHOOK_SECRET
    proof = PROVIDERS["stripe"].sign(body, secret=secret, now=timezone.now())
    told = {"User-Agent": PROVIDER, "Content-Type": "application/json", **proof}
    return request("POST /webhooks/stripe", body, {**told, **(headers or {})})


def ask(proxy: Proxy, sent: bytes, *, client: str = "127.0.0.1") -> Answer:
    """Send a request on a connection of its own, and return the answer."""
    with closing(proxy.connect(client)) as wire:
        # Refused, or hung up on, before all of it was sent: there may be an answer all the same.
        with suppress(OSError):
            wire.sendall(sent)
        return answer(wire)


def answer(wire: socket.socket) -> Answer:
    """Return the next answer on a connection."""
    response = HTTPResponse(wire)
    try:
        response.begin()
        headers = {name.lower(): text for name, text in response.getheaders()}
        return Answer(response.status, headers, response.read())
    except (OSError, HTTPException):
        return NONE
    finally:
        response.close()
