"""Standard Webhooks, the scheme of many senders: https://www.standardwebhooks.com/

Each sender is an endpoint of its own: `WEBHOOK_ENDPOINTS="svix=standard"`.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature as Unfit
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from webhooks.events import Event
from webhooks.exceptions import InvalidSignature, MalformedSignature, Rejected
from webhooks.providers.base import NO_OPTIONS, Headers
from webhooks.providers.declared import DeclaredProvider
from webhooks.providers.naming import Naming
from webhooks.providers.proofs import FIVE_MINUTES, Hmac, Proven, Signed
from webhooks.providers.signature_parts import Named

PUBLIC_KEY: Final = "whpk_"
PRIVATE_KEY: Final = "whsk_"


def decoded(secret: str, prefix: str) -> bytes:
    """Return the key in base64 after a prefix. Raises `ValueError`."""
    text = secret.removeprefix(prefix)
    # What is shown may lack the padding.
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def shared_key(secret: str) -> bytes:
    """Return the key in a secret such as `whsec_…`. Raises `ValueError` for what holds none."""
    if secret.startswith((PUBLIC_KEY, PRIVATE_KEY)):
        raise ValueError("a public key makes no HMAC")
    return decoded(secret, "whsec_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ed25519(Signed):
    """A signature by a private key, `whsk_…`; we have the public one, `whpk_…`."""

    def is_proof(self, signatures: Sequence[bytes], text: bytes, secret: str) -> bool:
        if not secret.startswith(PUBLIC_KEY):
            return False
        try:
            key = Ed25519PublicKey.from_public_bytes(decoded(secret, PUBLIC_KEY))
        except ValueError:
            return False
        return any(_fits(key, signature, text) for signature in signatures)

    def sign(self, text: bytes, secret: str) -> bytes:
        key = Ed25519PrivateKey.from_private_bytes(decoded(secret, PRIVATE_KEY)[:32])
        return base64.b64encode(key.sign(text))


def _fits(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text)
    except (Unfit, ValueError):
        return False
    return True


_HOW: Final[Mapping[str, Any]] = {
    "header": "webhook-signature",
    "signed": "{webhook-id}.{time}.{body}",
    "time_header": "webhook-timestamp",
}
_SHARED: Final = Hmac(
    **_HOW, parts=Named(" ", ("v1",), sign=","), encode=base64.b64encode, key=shared_key
)
_PUBLIC: Final = Ed25519(**_HOW, parts=Named(" ", ("v1a",), sign=","))


@dataclass(frozen=True, slots=True)
class _Either:
    """Symmetric or asymmetric: a header may hold signatures of both kinds."""

    header: str = _SHARED.header

    def prove(
        self, body: bytes, headers: Headers, secrets: Sequence[str], options: Mapping[str, str]
    ) -> Proven:
        try:
            return _SHARED.prove(body, headers, secrets, options)
        except (InvalidSignature, MalformedSignature) as refusal:
            return self._by_public_key(refusal, body, headers, secrets, options)

    def _by_public_key(self, refusal: Rejected, *delivery: Any) -> Proven:
        try:
            return _PUBLIC.prove(*delivery)
        except MalformedSignature:
            # It has no signature of that kind: what was wrong with the others is what counts.
            raise refusal from None

    def prove_by(
        self, body: bytes, *, secret: str, options: Mapping[str, str], now: datetime
    ) -> dict[str, str]:
        how = _PUBLIC if secret.startswith(PRIVATE_KEY) else _SHARED
        return how.prove_by(body, secret=secret, options=options, now=now)


@dataclass(frozen=True, kw_only=True)
class StandardProvider(DeclaredProvider):
    """A sender that follows the standard."""

    key_option: str = "public_key"

    def is_secret(self, secret: str) -> bool:
        """True for 24 to 64 bytes in base64 after `whsec_`, or a public key after `whpk_`."""
        try:
            if secret.startswith(PUBLIC_KEY):
                return len(decoded(secret, PUBLIC_KEY)) == 32
            return 24 <= len(shared_key(secret)) <= 64
        except ValueError:
            return False

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
        # Each endpoint is another sender's, and one must not use up the ids of another.
        endpoint = options.get("endpoint", self.name)
        return [replace(event, id=f"{endpoint}:{event.id}") for event in events]


STANDARD: Final = StandardProvider(
    name="standard",
    proof=_Either(),
    tolerance=FIVE_MINUTES,
    naming=Naming(
        id_header="webhook-id",
        type=("type",),
        created="timestamp",
        object_id=("data.id",),
        customer_id=("data.customer_id", "data.customer.id"),
    ),
)
