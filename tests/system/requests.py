"""Requests to the project through nginx: genuine deliveries, and strangers'."""

import json
import socket
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
    """An answer; its status is 0 where there was none."""

    status: int
    headers: dict[str, str]
    body: bytes


NONE = Answer(0, {}, b"")


def request(line: str, body: bytes = b"", **headers: str) -> bytes:
    """Return a request: a line such as `POST /webhooks/stripe`, and headers by their names."""
    told = {"Host": HOST, "Content-Length": str(len(body))}
    told |= {name.replace("_", "-"): text for name, text in headers.items()}
    head = "".join(f"{name}: {text}\r\n" for name, text in told.items())
    return f"{line} HTTP/1.1\r\n{head}\r\n".encode() + body


def delivery(event: dict[str, Any] | None = None, **headers: str) -> bytes:
    """Return a genuine delivery, of a new event unless one is given."""
    body = json.dumps(event or sample("refund.created")).encode()
    secret = settings.STRIPE_WEBHOOK_SECRET
    proof = PROVIDERS["stripe"].sign(body, secret=secret, now=timezone.now())
    told = {"User-Agent": PROVIDER, "Content-Type": "application/json", **proof, **headers}
    return request("POST /webhooks/stripe", body, **told)


def ask(proxy: Proxy, sent: bytes) -> Answer:
    """Send a request on a connection of its own, and return the answer."""
    with closing(proxy.connect()) as wire:
        # Refused, or hung up on, before all of it was sent: there may be an answer all the same.
        with suppress(OSError):
            wire.sendall(sent)
        return answer(wire)


def answer(wire: socket.socket) -> Answer:
    """Return the next answer on a connection."""
    response = HTTPResponse(wire)
    try:
        response.begin()
        return Answer(response.status, dict(response.getheaders()), response.read())
    except (OSError, HTTPException):
        return NONE
    finally:
        response.close()
