"""Adyen's webhooks of payments: notifications in JSON, with a signature in each of them.

https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures
"""

import base64
import json
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
from webhooks.providers import vocabularies
from webhooks.providers.base import NO_OPTIONS, Headers, Provider, read_json, secret_id_of
from webhooks.providers.declared import DeclaredProvider
from webhooks.providers.naming import Naming, text_of
from webhooks.providers.proofs import Hmac

ITEMS: Final = "notificationItems"
ITEM: Final = "NotificationRequestItem"
SIGNATURE: Final = "hmacSignature"

SIGNED: Final = (
    *("pspReference", "originalReference", "merchantAccountCode", "merchantReference"),
    *("value", "currency", "eventCode", "success"),
)
"""What the signature covers of a notification, in this order; the two in the middle are its
amount's."""

MOST_ITEMS: Final = 100
"""Adyen sends one. Whoever has seen a genuine one could send it as often as fits into a body."""

Json = dict[str, Any]

_HMAC: Final = Hmac(header="", encode=base64.b64encode, key=bytes.fromhex)


class AdyenProvider(Provider):
    """Adyen, whose secret is a webhook's HMAC key, in hexadecimal."""

    name = "adyen"
    signature_header = ""
    refuses_old = False
    accepted = "[accepted]"
    vocabulary = vocabularies.ADYEN
    naming = Naming(
        events=ITEMS,
        id=(f"{ITEM}.pspReference",),
        type=(f"{ITEM}.eventCode",),
        created=f"{ITEM}.eventDate",
        account=f"{ITEM}.merchantAccountCode",
        object_id=(f"{ITEM}.originalReference", f"{ITEM}.pspReference"),
        customer_id=(f"{ITEM}.additionalData.shopperReference",),
    )

    def is_secret(self, secret: str) -> bool:
        """True for 32 bytes in hexadecimal."""
        return is_key(secret)

    def verify(
        self,
        body: bytes,
        headers: Headers,
        *,
        secrets: Sequence[str],
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> list[Event]:
        payload, items = _read(body)
        proofs = [(_text(item), _signature(item)) for item in items]
        secret = next((each for each in secrets if _prove_all(proofs, each)), None)
        if secret is None:
            raise InvalidSignature
        events = self.naming.events_in(self.name, payload, body, headers, secret_id_of(secret))
        livemode = payload.get("live", "true") == "true"
        return [
            replace(
                event,
                id=_id(item),
                livemode=livemode,
                customer_id=event.customer_id or _shopper(item),
            )
            for event, item in zip(events, items, strict=True)
        ]

    def sign(
        self,
        body: bytes,
        *,
        secret: str,
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> dict[str, str]:
        try:
            texts = [_text(item) for item in _read(body)[1]]
        except (MissingSignature, MalformedSignature):
            return {}
        return {
            f"{SIGNATURE} {number}": _HMAC.sign(text, secret).decode()
            for number, text in enumerate(texts)
        }

    def sent(self, body: bytes, proof: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        """Return the body with a signature in each of its notifications."""
        if not proof:
            return body, {}
        try:
            payload, items = _read(body)
        except (MissingSignature, MalformedSignature):
            return body, {}
        for number, item in enumerate(items):
            if signature := proof.get(f"{SIGNATURE} {number}"):
                data = item.get("additionalData")
                more = data if isinstance(data, dict) else {}
                item["additionalData"] = {**more, SIGNATURE: signature}
        return json.dumps(payload).encode(), {}


@dataclass(frozen=True, kw_only=True)
class _Platform(DeclaredProvider):
    """Adyen's platforms, balances and cards, whose webhooks are signed as a whole."""

    def is_secret(self, secret: str) -> bool:
        """True for 32 bytes in hexadecimal."""
        return is_key(secret)


PLATFORM: Final = _Platform(
    name="adyenplatform",
    proof=replace(_HMAC, header="HmacSignature"),
    naming=Naming(
        type=("type",),
        created="timestamp",
        live="environment",
        account="data.balancePlatform",
        object_id=("data.id", "data.accountHolder.id", "data.balanceAccount.id"),
    ),
)


def is_key(secret: str) -> bool:
    """True for 32 bytes in hexadecimal."""
    try:
        return len(bytes.fromhex(secret)) == 32
    except ValueError:
        return False


def _read(body: bytes) -> tuple[Json, list[Json]]:
    """Return a body's JSON and the notifications in it.

    Raises `MissingSignature` for what has none: nothing of it is proven yet.
    """
    try:
        payload = read_json(body)
        items = [wrapped[ITEM] for wrapped in payload[ITEMS]]
    except (MalformedEvent, TypeError, KeyError, IndexError) as error:
        raise MissingSignature from error
    if not items or not all(isinstance(item, dict) for item in items):
        raise MissingSignature
    if len(items) > MOST_ITEMS:
        raise MalformedSignature(f"The body has more than {MOST_ITEMS} notifications.")
    return payload, items


def _signature(item: Json) -> bytes:
    data = item.get("additionalData")
    signature = data.get(SIGNATURE) if isinstance(data, dict) else None
    if not isinstance(signature, str) or not signature:
        raise MissingSignature
    return signature.encode(errors="replace")


def _text(item: Json) -> bytes:
    """Return the text that a notification's signature is made of. Raises `MalformedSignature`."""
    amount = item.get("amount")
    if not isinstance(amount, dict) or not {"value", "currency"} <= amount.keys():
        raise MalformedSignature("A notification has no amount.")
    if not {"pspReference", "eventCode", "success"} <= item.keys():
        raise MalformedSignature("A notification has no reference, code or success.")
    whole = {**item, "value": amount["value"], "currency": amount["currency"]}
    parts = {name: _part(whole.get(name, "")) for name in SIGNED}
    # Nothing marks where a value ends. With a colon in one value alone it is plain.
    if any(":" in part for name, part in parts.items() if name != "merchantReference"):
        raise MalformedSignature("A notification has a colon where it leaves open what was signed.")
    try:
        return ":".join(parts.values()).encode()
    except UnicodeEncodeError as error:
        raise MalformedSignature("A notification holds what is no text.") from error


def _part(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise MalformedSignature("A notification's signed values must be text or whole numbers.")
    return str(value)


def _prove_all(proofs: Sequence[tuple[bytes, bytes]], secret: str) -> bool:
    # By one secret: a delivery is signed at one time.
    return all(_HMAC.is_proof([signature], text, secret) for text, signature in proofs)


def _shopper(item: Json) -> str:
    """Return who pays again by what was stored, whom a payment of that alone does not name."""
    data = item.get("additionalData")
    # Its dot is a part of the key.
    return text_of(data.get("recurring.shopperReference")) if isinstance(data, dict) else ""


def _id(item: Json) -> str:
    """Return what tells a notification from others: what Adyen says that its repetitions share."""
    return f"{item['pspReference']}:{item['eventCode']}:{item['success']}"
