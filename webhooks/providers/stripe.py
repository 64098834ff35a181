"""Stripe: verify its deliveries, and list, fetch and link its objects."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from webhooks import conf
from webhooks.database.text import is_name
from webhooks.events import Event, moment
from webhooks.exceptions import (
    InvalidSignature,
    MalformedEvent,
    ProviderApiUnavailable,
    StaleSignature,
)
from webhooks.privacy.vocabularies import COMMON
from webhooks.providers import stripe_api, stripe_events, stripe_signatures
from webhooks.providers.base import (
    NO_OPTIONS,
    Headers,
    Page,
    Provider,
    read_json,
    secret_id_of,
)
from webhooks.providers.object_api import FetchedObject

THIN: Final = "v2.core.event"
"""A thin event's `object`: it names what it is about, and does not carry it.
https://docs.stripe.com/event-destinations"""

_LEAP_SECOND = re.compile(r"(?<=T[0-9]{2}:[0-9]{2}:)60")

DASHBOARD_PATHS = {
    "event": "events",
    "customer": "customers",
    "subscription": "subscriptions",
    "invoice": "invoices",
    "payment_intent": "payments",
    "charge": "payments",
    "refund": "refunds",
    "dispute": "disputes",
    "checkout.session": "checkout/sessions",
    "payout": "payouts",
    "credit_note": "credit_notes",
    "product": "products",
    "price": "prices",
    "setup_intent": "setup_intents",
    "coupon": "coupons",
    "promotion_code": "promotion_codes",
}


class StripeProvider(Provider):
    """Proves a delivery by its `Stripe-Signature` header, and an API call by its key."""

    name = "stripe"
    signature_header = "Stripe-Signature"
    vocabulary = COMMON
    lists_events = True
    keeps_events = timedelta(days=30)

    def verify(
        self,
        body: bytes,
        headers: Headers,
        *,
        secrets: Sequence[str],
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> list[Event]:
        timestamp, signatures = stripe_signatures.parse(headers.get(self.signature_header, ""))
        signed = timestamp.encode() + b"." + body
        proof = stripe_signatures.proof(signed, signatures, secrets)
        if proof is None:
            raise InvalidSignature
        # Either way: a timestamp from the future would keep a recorded delivery valid for longer.
        if abs(now.timestamp() - int(timestamp)) > conf.stripe_tolerance().total_seconds():
            raise StaleSignature
        return [_as_event(_parse_body(body), secret_id_of(proof))]

    def sign(
        self,
        body: bytes,
        *,
        secret: str,
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> dict[str, str]:
        timestamp = str(int(now.timestamp()))
        signature = stripe_signatures.signature(timestamp.encode() + b"." + body, secret).decode()
        return {self.signature_header: f"t={timestamp},v1={signature}"}

    def can_fetch(self, object_type: str, *, livemode: bool) -> bool:
        return object_type in stripe_api.PATHS and not self.hindrance(livemode=livemode)

    def hindrance(self, *, livemode: bool) -> str:
        if not stripe_api.is_configured():
            return "STRIPE_API_KEY is not set."
        if stripe_api.is_live() == livemode:
            return ""
        ours, theirs = ("test", "live") if livemode else ("live", "test")
        return f"STRIPE_API_KEY is a key of {ours} mode, which sees no objects of {theirs} mode."

    def fetch(
        self,
        object_type: str,
        object_id: str,
        *,
        account: str,
        before_more: Callable[[], None] = lambda: None,
    ) -> FetchedObject | None:
        return stripe_api.retrieve(object_type, object_id, account=account, before_more=before_more)

    def dashboard_url(self, object_type: str, object_id: str, account: str, livemode: bool) -> str:
        path = DASHBOARD_PATHS.get(object_type)
        if path is None or not object_id:
            return ""
        parts = [account, "" if livemode else "test", path, object_id]
        return "https://dashboard.stripe.com/" + "/".join(part for part in parts if part)

    def list_events(
        self, *, account: str, since: datetime, undelivered_only: bool, after: str = ""
    ) -> Iterator[Page]:
        for payloads in stripe_events.pages(
            account=account, since=since, undelivered_only=undelivered_only, after=after
        ):
            listed = [_as_listed(payload, account) for payload in payloads]
            yield Page(listed, cursor=listed[-1][0].id)


def _as_listed(payload: dict[str, Any], account: str) -> tuple[Event, bytes]:
    # Not the bytes that Stripe would have signed, which a list does not have: a form of our own.
    body = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    try:
        event = _as_event(_parse_body(body))
    except MalformedEvent as error:
        raise ProviderApiUnavailable(f"Stripe listed what is not an event: {error}") from error
    # A list that is fetched for a connected account may leave the account out of its events.
    return replace(event, account=event.account or account), body


def _parse_body(body: bytes) -> dict[str, Any]:
    payload = read_json(body)
    if not isinstance(payload, dict):
        raise MalformedEvent("The body is not a JSON object.")
    return payload


def _as_event(payload: dict[str, Any], secret_id: str = "") -> Event:
    """Return the event in a payload. Raises `MalformedEvent` for what the protocol rules out."""
    # No more is insisted on than the protocol promises: Stripe adds members as it likes, and an
    # event that is refused is sent again for days.
    for key in ("id", "type"):
        if not is_name(payload.get(key)):
            raise MalformedEvent(f"The event's {key} must be a string of 1 to 255 characters.")
    is_thin = payload.get("object") == THIN
    subject = _related(payload) if is_thin else _carried(payload)
    object_type = _name(subject.get("object"))
    return Event(
        provider=StripeProvider.name,
        id=payload["id"],
        type=payload["type"],
        payload=payload,
        created_at=_created(payload["created"]) if "created" in payload else None,
        livemode=payload.get("livemode") is True,
        account=_account_in(payload.get("context")) if is_thin else _name(payload.get("account")),
        api_version=_name(payload.get("api_version")),
        object_type=object_type,
        object_id=_name(subject.get("id")),
        customer_id=_name(subject.get("id" if object_type == "customer" else "customer")),
        secret_id=secret_id,
    )


def _carried(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the object that a snapshot event carries, empty where it carries none."""
    data = payload.get("data", {})
    if not isinstance(data, dict):
        raise MalformedEvent("The event's data must be an object.")
    subject = data.get("object")
    if not isinstance(subject, dict | None):
        raise MalformedEvent("The event's data.object must be an object or null.")
    return subject or {}


def _related(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the type and id of what a thin event is about, as the object itself would say them."""
    related = payload.get("related_object")
    # Not every event has one.
    if not isinstance(related, dict):
        return {}
    return {"object": related.get("type"), "id": related.get("id")}


def _created(value: object) -> datetime | None:
    """Return when an event was made: snapshots say it in seconds, thin events in ISO 8601."""
    if isinstance(value, str):
        # A leap second is the 61st of its minute, which `datetime` can't hold. It is the same
        # moment as the one after it, as in seconds since 1970, which don't count it.
        text, leaps = _LEAP_SECOND.subn("59", value.upper(), count=1)
        try:
            said = datetime.fromisoformat(text)
        except ValueError as error:
            raise MalformedEvent("The event's created must be a moment.") from error
        value = (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp() + leaps
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedEvent("The event's created must be a moment.")
    return moment(value)


def _account_in(context: object) -> str:
    # Of an organization's account both are named, the account last: `org_…/acct_…`.
    return _name(context.rpartition("/")[2]) if isinstance(context, str) else ""


def _name(value: object) -> str:
    """Return a value to search by: an id, or an expanded object's id; empty when it is neither."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if is_name(value) else ""
