"""Certificates that a delivery names by their address: fetched, proven, and remembered."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from http.client import HTTPException
from pathlib import Path
from threading import Lock
from typing import Final

import certifi
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from webhooks.bounded.maps import Deadlines, RecentMap
from webhooks.bounded.windows import WindowBudget
from webhooks.exceptions import InvalidSignature, ProofUnavailable
from webhooks.monitoring.provider_calls import calling
from webhooks.providers import https

TIMEOUT_SECONDS: Final = 5.0
LONGEST: Final = 64 * 1024
KEPT_FOR: Final = timedelta(days=1)
MOST: Final = 16

PER_MINUTE: Final = 10
"""The most that a process fetches. Providers have few; strangers name as many as they like."""

WAIT_SECONDS: Final = 2.0
"""For another thread's fetch: longer, and a flood would hold every thread of the server."""

REFUSED_SECONDS: Final = 600.0
DOWN_SECONDS: Final = 10.0

Fetch = Callable[[str], tuple[int, bytes]]


def fetch(url: str) -> tuple[int, bytes]:
    """Return the status and the content at an address that is known to be good to ask.

    Raises `OSError` or `HTTPException` where no answer came, or one that is too long.
    """
    answer = https.get(url, longest=LONGEST, timeout=TIMEOUT_SECONDS)
    return answer.status, answer.content


@cache
def _authorities() -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())


class Certificates:
    """One provider's certificates: those for names in a domain, by authorities that are trusted.

    Each process remembers a few, for a day. Thread-safe. `fetch` and `authorities` are others in
    tests alone.
    """

    def __init__(
        self,
        provider: str,
        *,
        domain: str,
        fetch: Fetch = fetch,
        authorities: Sequence[x509.Certificate] = (),
        per_minute: int = PER_MINUTE,
    ) -> None:
        self._provider = provider
        self._domain = domain
        self._fetch = fetch
        self._authorities = authorities
        self._keys: RecentMap[tuple[RSAPublicKey, datetime]] = RecentMap(MOST)
        self._refused = Deadlines(MOST)
        self._down_until = 0.0
        self._budget = WindowBudget(per_minute, 60)
        self._lock = Lock()

    def public_key(self, url: str, *, now: datetime) -> RSAPublicKey:
        """Return the public key of the certificate at an address of the provider's.

        Asks the provider for one that is not remembered: never inside a transaction. Raises
        `InvalidSignature` where there is none that can be trusted, and `ProofUnavailable` where
        that can't be found out now.
        """
        if key := self._remembered(url, now):
            return key
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise ProofUnavailable
        try:
            # Another thread may have fetched it meanwhile.
            return self._remembered(url, now) or self._fetched(url, now)
        finally:
            self._lock.release()

    def _remembered(self, url: str, now: datetime) -> RSAPublicKey | None:
        key, until = self._keys.get(url) or (None, now)
        return key if now < until else None

    def _fetched(self, url: str, now: datetime) -> RSAPublicKey:
        at = time.monotonic()
        if self._refused.get(url, at=at):
            raise InvalidSignature
        self._budget.roll(at)
        if at < self._down_until or not self._budget.spend():
            raise ProofUnavailable
        status, content = self._ask(url)
        if status == 200:
            certificate = self._proven(content, now)
        elif 400 <= status < 500 and status not in (408, 429):
            certificate = None
        else:
            self._down_until = time.monotonic() + DOWN_SECONDS
            raise ProofUnavailable
        key = certificate.public_key() if certificate else None
        if certificate is None or not isinstance(key, RSAPublicKey):
            self._refused.set(url, time.monotonic() + REFUSED_SECONDS)
            raise InvalidSignature
        self._keys.put(url, (key, min(now + KEPT_FOR, certificate.not_valid_after_utc)))
        return key

    def _ask(self, url: str) -> tuple[int, bytes]:
        try:
            with calling(self._provider, "certificate") as call:
                call.status, content = self._fetch(url)
                return call.status, content
        except (OSError, HTTPException):
            return 0, b""

    def _proven(self, content: bytes, now: datetime) -> x509.Certificate | None:
        """Return the certificate in a file that has its chain as well; None for one untrusted."""
        try:
            chain = x509.load_pem_x509_certificates(content)
            found = [(one, name) for one in chain if (name := self._own_name(one))]
            [certificate, name] = found[0]
            store = Store([*(self._authorities or _authorities())])
            policy = PolicyBuilder().store(store).time(now)
            others = [one for one in chain if one != certificate]
            policy.build_server_verifier(x509.DNSName(name)).verify(certificate, others)
        except (ValueError, LookupError, VerificationError, UnsupportedAlgorithm):
            return None
        return certificate

    def _own_name(self, certificate: x509.Certificate) -> str:
        """Return a certificate's first name in the provider's domain; empty without one."""
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
            return ""
        found = names.value.get_values_for_type(x509.DNSName)
        return next((name for name in found if name.endswith(f".{self._domain}")), "")
