"""Braintree's webhooks: XML in base64, in a form with its signature.

https://developer.paypal.com/braintree/docs/guides/webhooks/parse
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode

from webhooks.events import Event
from webhooks.exceptions import MalformedEvent, MalformedSignature, MissingSignature
from webhooks.providers import vocabularies
from webhooks.providers.base import NO_OPTIONS, Headers, Provider, secret_id_of
from webhooks.providers.naming import Naming, own_bytes
from webhooks.providers.proofs import Hmac
from webhooks.providers.signature_parts import Several
from webhooks.providers.strict_xml import NotXml, read_xml

SIGNATURE: Final = "bt_signature"
PAYLOAD: Final = "bt_payload"

_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\n]+")

_SUBJECTS: Final = (
    *("subscription", "transaction", "dispute", "disbursement", "merchant_account"),
    *("local_payment", "partner_merchant"),
)


def _key(secret: str) -> bytes:
    """Return the key that follows from a secret. Raises `ValueError` for what is no pair."""
    public, _, private = secret.partition(":")
    if not public or not private:
        raise ValueError("a secret is not a public and a private key")
    return hashlib.sha1(private.encode()).digest()  # noqa: S324 - theirs to choose


@dataclass(frozen=True, slots=True, kw_only=True)
class _PairHmac(Hmac):
    """A signature that names the public key whose private key made it: `public_key|signature`."""

    def is_proof(self, signatures: Sequence[bytes], text: bytes, secret: str) -> bool:
        # The last line's end is signed, and not always sent.
        return any(
            super(_PairHmac, self).is_proof(signatures, each, secret)
            for each in (text, text + b"\n")
        )

    def sign(self, text: bytes, secret: str) -> bytes:
        signature = super(_PairHmac, self).sign(text, secret)
        return secret.partition(":")[0].encode() + b"|" + signature


_HMAC: Final = _PairHmac(header=SIGNATURE, parts=Several("&"), algorithm="sha1", key=_key)


class BraintreeProvider(Provider):
    """Braintree, whose secret is an API key's two halves: `public_key:private_key`."""

    name = "braintree"
    signature_header = ""
    refuses_old = False
    vocabulary = vocabularies.BRAINTREE
    media_types = ("application/x-www-form-urlencoded",)
    naming = Naming(
        type=("kind",),
        created="timestamp",
        account="source_merchant_id",
        object_id=tuple(f"subject.{kind}.id" for kind in _SUBJECTS),
        customer_id=(
            *("subject.transaction.customer.id", "subject.subscription.transactions.0.customer.id"),
        ),
    )

    def is_secret(self, secret: str) -> bool:
        """True for a public and a private key with a colon between."""
        try:
            return bool(_key(secret))
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
        form = _fields(body)
        payload = form.get(PAYLOAD, "").encode()
        proven = _HMAC.prove(payload, form, secrets, options)
        content = _decoded(payload)
        try:
            root, notification = read_xml(content)
        except NotXml as error:
            raise MalformedEvent(str(error)) from error
        if root != "notification":
            raise MalformedEvent("The body's XML is no notification.")
        kept = own_bytes(notification)
        [event] = self.naming.read(self.name, kept, headers, secret_id_of(proven.secret))
        return [replace(event, id=hashlib.sha256(content).hexdigest(), body=kept)]

    def sign(
        self,
        body: bytes,
        *,
        secret: str,
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> dict[str, str]:
        payload = base64.encodebytes(body)
        return _HMAC.prove_by(payload, secret=secret, options=options, now=now)

    def sent(self, body: bytes, proof: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        """Return the form that has the body in base64."""
        form = {**proof, PAYLOAD: base64.encodebytes(body).decode()}
        return urlencode(form, errors="replace").encode(), {}


def _fields(body: bytes) -> dict[str, str]:
    """Return a form's fields. Raises `MissingSignature` for what is no form."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=10)
    except ValueError as error:
        raise MissingSignature from error
    form = dict(pairs)
    # Two of a name would leave open which of them was signed.
    if len(form) < len(pairs):
        raise MalformedSignature("The form has a field twice.")
    return form


def _decoded(payload: bytes) -> bytes:
    if not _BASE64.fullmatch(payload):
        raise MalformedEvent("The payload is not base64.")
    try:
        return base64.b64decode(payload)
    except binascii.Error as error:
        raise MalformedEvent("The payload is not base64.") from error
