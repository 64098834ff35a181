"""What an alarm says to an operator."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from webhooks import conf
from webhooks.conf import Endpoint
from webhooks.exceptions import (
    InvalidSignature,
    MalformedSignature,
    MissingSignature,
    PayloadTooLarge,
    SourceNotAllowed,
    StaleSignature,
)
from webhooks.providers import PROVIDERS, keys_by_setting

EXPLAINED: Final = {
    *(InvalidSignature.code, StaleSignature.code, MissingSignature.code, MalformedSignature.code),
    *(SourceNotAllowed.code, PayloadTooLarge.code),
}
"""The codes whose remedy an alarm names."""


class AlarmKind(StrEnum):
    """The pattern of refusals that an alarm is about."""

    BURST = "burst"
    NOTHING_PROVEN = "nothing_proven"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`count` refusals at an endpoint (empty: at none there is) within so many `seconds`.

    `codes` are those of the refusals that may be the provider's, as problem documents have them.
    """

    kind: AlarmKind
    endpoint: str
    count: int
    seconds: float
    codes: tuple[str, ...] = ()


def message(alarm: Alarm) -> str:
    """Return what an operator is told: what was seen, what to compare, and where to look."""
    endpoint = conf.endpoint(alarm.endpoint)
    where = f"the endpoint {alarm.endpoint!r}" if endpoint else "endpoints that there are not"
    within = f"within {alarm.seconds:g} s"
    if alarm.kind is AlarmKind.NOTHING_PROVEN and endpoint:
        return (
            f"{alarm.count} deliveries to {where} that were signed, or came from the provider, "
            f"were refused {within} ({', '.join(alarm.codes)}), and none was taken. "
            f"{' '.join(_remedies(alarm.codes, endpoint))} If all of that is right, somebody "
            "forges deliveries while no genuine ones come: see the refused deliveries in the admin."
        )
    return (
        f"{alarm.count} deliveries to {where} were refused {within}: it looks like an attack, or "
        "like a sender that is set up wrongly. See the refused deliveries in the admin; "
        "ALLOWED_WEBHOOK_IPS and WEBHOOK_RATE_LIMIT hold senders back."
    )


def _remedies(codes: Sequence[str], endpoint: Endpoint) -> Iterator[str]:
    if InvalidSignature.code in codes:
        yield (
            f"A secret may have been changed: compare {' and '.join(keys_by_setting(endpoint))} "
            f"with what the provider ({endpoint.provider}) shows for this endpoint."
        )
    if SourceNotAllowed.code in codes:
        yield (
            "An allow-list may shut the provider out: compare ALLOWED_WEBHOOK_IPS, "
            "ALLOWED_WEBHOOK_USER_AGENTS and TRUSTED_PROXY_COUNT with the clients on record."
        )
    if StaleSignature.code in codes:
        yield "A clock may be wrong: compare this machine's, and see STRIPE_TOLERANCE_SECONDS."
    if not {MissingSignature.code, MalformedSignature.code}.isdisjoint(codes):
        header = PROVIDERS[endpoint.provider].signature_header or "the signature"
        yield f"It may be that a proxy strips or changes {header}: look at what it forwards."
    if PayloadTooLarge.code in codes:
        yield "WEBHOOK_MAX_BODY_BYTES may be too low."
    if not EXPLAINED.issuperset(codes):
        yield "The refused deliveries in the admin say which client sends what."
