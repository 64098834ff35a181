"""Proof of a delivery by an HMAC, or by a token: each provider's scheme as data."""

import hashlib
import hmac
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from webhooks.exceptions import (
    InvalidSignature,
    MalformedSignature,
    MissingSignature,
    StaleSignature,
)
from webhooks.providers.base import Headers
from webhooks.providers.signature_parts import SOLE, SignatureParts

_TIME: Final = re.compile(r"[0-9]{1,15}")
_NAME: Final = re.compile(r"\{([A-Za-z_-]+)\}")

FIVE_MINUTES: Final = timedelta(minutes=5)


class Proof(Protocol):
    """How a provider proves its deliveries."""

    @property
    def header(self) -> str:
        """The header that holds the proof."""

    def prove(
        self, body: bytes, headers: Headers, secrets: Sequence[str], options: Mapping[str, str]
    ) -> "Proven":
        """Return which secret proves a delivery, and when it was signed. Raises `Rejected`."""

    def prove_by(
        self, body: bytes, *, secret: str, options: Mapping[str, str], now: datetime
    ) -> dict[str, str]:
        """Return the headers with which a provider of this kind sends a body, for tests."""


@dataclass(frozen=True, slots=True)
class Proven:
    """The secret that proved a delivery, and when it was signed, in seconds, where that is told."""

    secret: str
    signed_at: float | None = None

    def refuse_stale(self, now: datetime, tolerance: timedelta) -> None:
        """Refuse a delivery that was not signed just now. Raises `StaleSignature`."""
        # Either way: a time from the future would keep a recorded delivery valid for longer.
        if self.signed_at is not None and (
            abs(now.timestamp() - self.signed_at) > tolerance.total_seconds()
        ):
            raise StaleSignature


def in_hex(digest: bytes) -> bytes:
    """Return bytes in hexadecimal, in small letters."""
    return digest.hex().encode()


def _keys(secret: str) -> str:
    return secret.replace(":", "", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(ABC):
    """A signature of a text that is made of the body, a time and headers.

    `signed` is that text with `{body}`, `{time}`, the endpoint's options by their names, `{keys}`
    for a secret that is two keys with a colon between, both of them, and other headers by their
    names. `parts` says how `header` holds the signatures, and the time where that has
    no `time_header` of its own. The time counts `per_second`.
    """

    header: str
    parts: SignatureParts = SOLE
    signed: str = "{body}"
    time_header: str = ""
    per_second: int = 1

    @abstractmethod
    def is_proof(self, signatures: Sequence[bytes], text: bytes, secret: str) -> bool:
        """True when one of the signatures is the text's, by this secret."""

    @abstractmethod
    def sign(self, text: bytes, secret: str) -> bytes:
        """Return the signature of a text. Raises `ValueError` for what is no key of this kind."""

    def prove(
        self, body: bytes, headers: Headers, secrets: Sequence[str], options: Mapping[str, str]
    ) -> Proven:
        header = headers.get(self.header, "").strip()
        if not header:
            raise MissingSignature
        time, signatures = self.parts.read(header)
        if self.time_header:
            time = headers.get(self.time_header, "")
        if "{time}" in self.signed and not _TIME.fullmatch(time):
            raise MalformedSignature("The signature needs one time, a whole number.")
        if not signatures:
            raise MalformedSignature("The signature header has no signature.")
        text = self._text(body, time, headers, options)
        for secret in secrets:
            if "{keys}" in self.signed:
                text = self._text(body, time, headers, {**options, "keys": _keys(secret)})
            if self.is_proof(signatures, text, secret):
                return Proven(secret, int(time) / self.per_second if time else None)
        raise InvalidSignature

    def prove_by(
        self, body: bytes, *, secret: str, options: Mapping[str, str], now: datetime
    ) -> dict[str, str]:
        time = str(int(now.timestamp() * self.per_second)) if "{time}" in self.signed else ""
        name = hashlib.sha256(body).hexdigest()
        options = {**options, "keys": _keys(secret)}
        others = dict.fromkeys(self._other_headers(options), name)
        signature = self.sign(self._text(body, time, others, options), secret).decode()
        timed = {self.time_header: time} if self.time_header else {}
        return {self.header: self.parts.write(time, signature), **timed, **others}

    def _text(self, body: bytes, time: str, headers: Headers, options: Mapping[str, str]) -> bytes:
        known = {"body": body, "time": time.encode()}
        known |= {"keys": b"", **{name: option.encode() for name, option in options.items()}}
        known |= {
            # As WSGI has it: a header's bytes, each as one character.
            name: headers.get(name, "").encode("latin-1", errors="replace")
            for name in self._other_headers(options)
        }
        # Literal text and names in turn, beginning with text.
        pieces = _NAME.split(self.signed)
        return b"".join(known[one] if at % 2 else one.encode() for at, one in enumerate(pieces))

    def _other_headers(self, options: Mapping[str, str]) -> set[str]:
        return set(_NAME.findall(self.signed)) - {"body", "time", "keys", *options}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac(Signed):
    """A signature that is an HMAC, by the key that is in a secret."""

    algorithm: str = "sha256"
    encode: Callable[[bytes], bytes] = in_hex
    key: Callable[[str], bytes] = str.encode

    def is_proof(self, signatures: Sequence[bytes], text: bytes, secret: str) -> bool:
        # Hashing a body costs: once for each secret, however many signatures a stranger sends.
        try:
            expected = self.sign(text, secret)
        except ValueError:
            return False
        return any(hmac.compare_digest(expected, signature) for signature in signatures)

    def sign(self, text: bytes, secret: str) -> bytes:
        key = self.key(secret)
        if not key:
            raise ValueError("a secret is empty")
        return self.encode(hmac.digest(key, text, self.algorithm))


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A header that holds the secret itself: it proves who sends, and nothing of what is sent."""

    header: str

    def prove(
        self, body: bytes, headers: Headers, secrets: Sequence[str], options: Mapping[str, str]
    ) -> Proven:
        sent = headers.get(self.header, "").encode(errors="replace")
        if not sent:
            raise MissingSignature
        for secret in secrets:
            if hmac.compare_digest(secret.encode(), sent):
                return Proven(secret)
        raise InvalidSignature

    def prove_by(
        self, body: bytes, *, secret: str, options: Mapping[str, str], now: datetime
    ) -> dict[str, str]:
        return {self.header: secret}
