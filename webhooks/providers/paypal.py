"""PayPal's webhooks, signed by the key of a certificate that PayPal publishes.

https://developer.paypal.com/api/rest/webhooks/rest/#verify-the-message
"""

import base64
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature as Unfit
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from webhooks.events import Event
from webhooks.exceptions import InvalidSignature, MalformedSignature, MissingSignature
from webhooks.providers import vocabularies
from webhooks.providers.base import NO_OPTIONS, Headers, Provider, secret_id_of
from webhooks.providers.certificates import Certificates
from webhooks.providers.naming import Naming

ID: Final = "PAYPAL-TRANSMISSION-ID"
TIME: Final = "PAYPAL-TRANSMISSION-TIME"
SIGNATURE: Final = "PAYPAL-TRANSMISSION-SIG"
ADDRESS: Final = "PAYPAL-CERT-URL"
ALGORITHM: Final = "PAYPAL-AUTH-ALGO"

RSA: Final = "SHA256withRSA"

# By name: of all that is in paypal.com, these publish what signs.
_ADDRESS: Final = re.compile(
    r"https://api(?:-m)?(\.sandbox)?\.paypal\.com/v1/notifications/certs/[A-Za-z0-9_-]{1,100}"
)
_PART: Final = re.compile(r"[A-Za-z0-9_.:+-]{1,100}")
"""No `|`, which would leave open where a part ends."""

_WEBHOOK_ID: Final = re.compile(r"[A-Za-z0-9]{1,50}")


class PayPalProvider(Provider):
    """PayPal, of which an endpoint needs its webhook's id, and no secret."""

    name = "paypal"
    signature_header = SIGNATURE
    # Nothing says that each of its tries is signed anew, for up to three days.
    refuses_old = False
    options = ("webhook_id",)
    key_option = "webhook_id"
    vocabulary = vocabularies.PAYPAL
    naming = Naming(
        id=("id",),
        type=("event_type",),
        created="create_time",
        api_version="resource_version",
        object_type="resource_type",
        object_id=("resource.id", "resource.dispute_id", "resource.invoice.id"),
        customer_id=(
            *("resource.subscriber.payer_id", "resource.payer.payer_id"),
            *("resource.payer.payer_info.payer_id", "resource.payment_source.paypal.account_id"),
        ),
    )

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def is_secret(self, secret: str) -> bool:
        """True for what can be the id of a webhook."""
        return bool(_WEBHOOK_ID.fullmatch(secret))

    def verify(
        self,
        body: bytes,
        headers: Headers,
        *,
        secrets: Sequence[str],
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> list[Event]:
        sent = {name: headers.get(name, "") for name in (ID, TIME, SIGNATURE, ADDRESS, ALGORITHM)}
        if not all(sent.values()):
            raise MissingSignature
        if not _PART.fullmatch(sent[ID]) or not _PART.fullmatch(sent[TIME]):
            raise MalformedSignature("The transmission's id or time is malformed.")
        address = _ADDRESS.fullmatch(sent[ADDRESS])
        if not address or sent[ALGORITHM] != RSA:
            raise MalformedSignature(f"The certificate must be PayPal's, and the algorithm {RSA}.")
        webhook_id = self._webhook_id(body, sent, secrets, now)
        events = self.naming.read(self.name, body, headers, secret_id_of(webhook_id))
        return [replace(event, livemode=not address[1]) for event in events]

    def _webhook_id(
        self, body: bytes, sent: Mapping[str, str], secrets: Sequence[str], now: datetime
    ) -> str:
        """Return which webhook a delivery was signed for."""
        signature = _decoded(sent[SIGNATURE])
        webhook_ids = [each for each in secrets if self.is_secret(each)]
        if not webhook_ids:
            raise InvalidSignature
        key = self._certificates.public_key(sent[ADDRESS], now=now)
        for webhook_id in webhook_ids:
            try:
                key.verify(signature, signed_text(body, sent, webhook_id), PKCS1v15(), SHA256())
            except Unfit:
                continue
            return webhook_id
        raise InvalidSignature

    def sign(
        self,
        body: bytes,
        *,
        secret: str,
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> dict[str, str]:
        raise ValueError("only PayPal has the key that signs")


def signed_text(body: bytes, headers: Mapping[str, str], webhook_id: str) -> bytes:
    """Return the text that PayPal signs: of the body, the CRC-32 alone."""
    return f"{headers[ID]}|{headers[TIME]}|{webhook_id}|{zlib.crc32(body)}".encode()


def _decoded(signature: str) -> bytes:
    try:
        decoded = base64.b64decode(signature, validate=True)
    except ValueError as error:
        raise MalformedSignature("The signature is not base64.") from error
    # Other characters at its end could mean the same bytes.
    if base64.b64encode(decoded).decode() != signature:
        raise MalformedSignature("The signature is not base64.")
    return decoded


PAYPAL: Final = PayPalProvider(Certificates("paypal", domain="paypal.com"))
