"""Mercado Pago's webhooks, whose signature covers an object's id, and nothing else of the body.

https://www.mercadopago.com.br/developers/en/docs/your-integrations/notifications/webhooks. Handlers
must ask its API for the object, and believe nothing but the id. Not tried with Mercado Pago.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from webhooks.events import Event
from webhooks.exceptions import (
    InvalidSignature,
    MalformedEvent,
    MalformedSignature,
    MissingSignature,
)
from webhooks.providers.base import NO_OPTIONS, Headers, read_json
from webhooks.providers.declared import DeclaredProvider
from webhooks.providers.naming import Naming, text_of
from webhooks.providers.proofs import Hmac, Proven
from webhooks.providers.signature_parts import Named

REQUEST_ID: Final = "x-request-id"

_PARTS: Final = Named(",", ("v1",), time="ts")
_HMAC: Final = Hmac(header="x-signature")


@dataclass(frozen=True, slots=True)
class _IdProof:
    """An HMAC of the object's id, the request's id and a time."""

    header: str = _HMAC.header

    def prove(
        self, body: bytes, headers: Headers, secrets: Sequence[str], options: Mapping[str, str]
    ) -> Proven:
        header = headers.get(self.header, "").strip()
        if not header or not headers.get(REQUEST_ID, ""):
            raise MissingSignature
        time, signatures = _PARTS.read(header)
        if not time or not signatures:
            raise MalformedSignature("The signature needs a time and a value.")
        text = signed_text(body, headers.get(REQUEST_ID, ""), time)
        for secret in secrets:
            if _HMAC.is_proof(signatures, text, secret):
                return Proven(secret)
        raise InvalidSignature

    def prove_by(
        self, body: bytes, *, secret: str, options: Mapping[str, str], now: datetime
    ) -> dict[str, str]:
        time, request = str(int(now.timestamp())), hashlib.sha256(body).hexdigest()[:32]
        try:
            text = signed_text(body, request, time)
        except MalformedEvent:
            # Nothing proves what names nothing; it is to be refused for that.
            text = b""
        signature = _HMAC.sign(text, secret).decode()
        return {self.header: _PARTS.write(time, signature), REQUEST_ID: request}


def signed_text(body: bytes, request_id: str, time: str) -> bytes:
    """Return what is signed. Raises `MalformedEvent` for a body that names no object."""
    # Read before it is proven, within bounds: what is proven is in it.
    payload = read_json(body)
    data: Any = payload.get("data") if isinstance(payload, dict) else None
    name = text_of(data.get("id")) if isinstance(data, dict) else ""
    if not name:
        raise MalformedEvent("The event's data.id must be its object's id.")
    written = f"id:{name.lower()};request-id:{request_id};ts:{time};"
    return written.encode("latin-1", errors="replace")


@dataclass(frozen=True, kw_only=True)
class MercadoPagoProvider(DeclaredProvider):
    """Mercado Pago. Events are known by their object and their id: that alone could be anybody's,
    and use up the id of an event to come, of another object.
    """

    def verify(
        self,
        body: bytes,
        headers: Headers,
        *,
        secrets: Sequence[str],
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> list[Event]:
        events = super().verify(body, headers, secrets=secrets, now=now, options=options)
        return [replace(event, id=f"{event.object_id}:{event.id}") for event in events]


MERCADO_PAGO: Final = MercadoPagoProvider(
    name="mercadopago",
    proof=_IdProof(),
    naming=Naming(
        id=("id",),
        type=("type",),
        created="date_created",
        account="user_id",
        live="live_mode",
        object_id=("data.id",),
    ),
)
