"""Providers that are a declaration: how they prove a delivery, and how they name an event.

What they send is recorded, and handed to handlers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webhooks.events import Event
from webhooks.privacy.vocabularies import CAREFUL, Vocabulary
from webhooks.providers.base import NO_OPTIONS, Headers, Provider, secret_id_of
from webhooks.providers.naming import Naming
from webhooks.providers.object_api import ObjectApi
from webhooks.providers.proofs import Proof


@dataclass(frozen=True, kw_only=True)
class DeclaredProvider(Provider):
    """A provider of a common scheme.

    Where there is a `tolerance`, a delivery must be signed within as much of now: for providers
    who say that they sign each of their tries anew. Where one does not say so, its retries could
    be refused; a delivery that is sent once more is then known by its event alone.
    """

    name: str
    proof: Proof
    naming: Naming
    tolerance: timedelta | None = None
    options: tuple[str, ...] = ()
    api: ObjectApi | None = None
    vocabulary: Vocabulary = CAREFUL

    @property
    def signature_header(self) -> str:  # type: ignore[override]
        """The header that holds the proof."""
        return self.proof.header

    @property
    def refuses_old(self) -> bool:  # type: ignore[override]
        """True where it is looked at when a delivery was signed."""
        return self.tolerance is not None

    def verify(
        self,
        body: bytes,
        headers: Headers,
        *,
        secrets: Sequence[str],
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> list[Event]:
        proven = self.proof.prove(body, headers, secrets, options)
        if self.tolerance:
            proven.refuse_stale(now, self.tolerance)
        return self.naming.read(self.name, body, headers, secret_id_of(proven.secret))

    def sign(
        self,
        body: bytes,
        *,
        secret: str,
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> dict[str, str]:
        return self.proof.prove_by(body, secret=secret, options=options, now=now)
