"""Stripe's signatures of deliveries.

The scheme: https://docs.stripe.com/webhooks#verify-manually
"""

import hmac
import re
from collections.abc import Sequence
from typing import Final

from webhooks.exceptions import MalformedSignature, MissingSignature

MAX_PARTS: Final = 32
"""The most parts of a signature header. Stripe signs once for each secret in force, which are
two while one is rolled; each further part would cost a stranger less than us."""

_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def proof(signed: bytes, signatures: Sequence[bytes], secrets: Sequence[str]) -> str | None:
    """Return the first secret that one of the signatures was made with."""
    for secret in secrets:
        # Hashing a body costs: once for each secret, however many signatures a stranger sends.
        expected = signature(signed, secret)
        if any(hmac.compare_digest(expected, candidate) for candidate in signatures):
            return secret
    return None


def signature(signed: bytes, secret: str) -> bytes:
    """Return the `v1` signature of a timestamp, a dot and a body."""
    # The key is the secret as it is shown, `whsec_` included, and not what it decodes to.
    return hmac.digest(secret.encode(), signed, "sha256").hex().encode()


def parse(header: str) -> tuple[str, list[bytes]]:
    """Return the timestamp, as sent, and the `v1` signatures of `t=…,v1=…[,v1=…][,v0=…]`.

    Raises `MissingSignature`, or `MalformedSignature` for what leaves open what was signed.
    """
    if not header.strip():
        raise MissingSignature
    timestamps, signatures = [], []
    parts = header.split(",", MAX_PARTS)
    if len(parts) > MAX_PARTS:
        raise MalformedSignature(f"The signature header has more than {MAX_PARTS} parts.")
    for part in parts:
        key, _, value = part.partition("=")
        if key == "t":
            timestamps.append(value)
        elif key == "v1":
            # Compared as bytes: hmac refuses to compare text that is not ASCII.
            signatures.append(value.encode(errors="replace"))
    # Two timestamps would leave open which of them was signed.
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise MalformedSignature("The signature header needs one t, a time in seconds.")
    if not signatures:
        raise MalformedSignature("The signature header has no v1 signature.")
    return timestamps[0], signatures
