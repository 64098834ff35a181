"""Make a call to Stripe take effect once, even if its answer or this process is lost."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import stripe

from billing.exceptions import KeyInUse, ProviderRefused
from billing.idempotency import keys
from billing.idempotency.keys import Started, StoredResponse
from billing.stripe_client.errors import translate
from webhooks.monitoring import metrics, provider_calls
from webhooks.providers import stripe_api

logger = logging.getLogger(__name__)

LIFETIME: Final = timedelta(hours=23)
"""The time within which the same call has the same answer. Stripe keeps keys for 24 hours."""

LEASE: Final = timedelta(minutes=2)
"""The time after which a call counts as lost: well after the client has given up its retries."""

WAIT_SECONDS: Final = 10.0
"""The longest that a call waits for an identical one under way."""

Object = dict[str, Any]
Send = Callable[[Any, Any], stripe.StripeObject]


@dataclass(frozen=True, slots=True)
class Call:
    """A call to Stripe; `subject` is the id of the object that it changes, if there is one.

    With a reference, that identifies the call, and other parameters are refused. Without one, its
    parameters identify it.
    """

    operation: str
    parameters: Mapping[str, Any]
    reference: str
    account: str
    subject: str = ""

    @property
    def scope(self) -> str:
        """The account that the key belongs to: our own, or a connected one."""
        return f"stripe:{self.account}" if self.account else "stripe"

    @property
    def key(self) -> str:
        """The idempotency key, the same for the same call in the same mode."""
        # Hashed: references may name people, and Stripe wants no personal data in keys.
        parameters = None if self.reference else self.parameters
        identity = [self.account, stripe_api.is_live(), self.subject, self.reference, parameters]
        return f"{self.operation}-{keys.hash_parameters(identity)}"


def call_stripe(call: Call, send: Send, *, key: str = "") -> Object:
    """Send a call, and return the answer's JSON. Raises the errors that `translate` makes."""
    options = {"idempotency_key": key, "stripe_account": call.account}
    given = {name: value for name, value in options.items() if value}
    try:
        with provider_calls.calling("stripe", call.operation, call.subject) as told:
            answer: Any = send(in_order(call.parameters), given).last_response
            told.status, told.object_id = answer.code, str(answer.data.get("id", ""))
        # The JSON itself: Stripe's client makes decimals of some of the texts in it.
        return dict(answer.data)
    except stripe.StripeError as error:
        problem = translate(error)
    # Not raised where the error was caught: it holds Stripe's whole answer, which may hold a
    # client_secret, and would go along as the context, for error reporters to show.
    raise problem


def in_order(value: Any) -> Any:
    """Return parameters sorted by name: under one key, Stripe demands the same bytes each time."""
    if isinstance(value, Mapping):
        return {name: in_order(value[name]) for name in sorted(value)}
    return [in_order(each) for each in value] if isinstance(value, list | tuple) else value


def call_stripe_once(call: Call, send: Send, *, now: datetime) -> Object:
    """Call Stripe, and have a call that was made before answered as it was then.

    Stripe repeats an answer, refusals and failures included, for as long as it keeps the key.
    """
    # Of the answer only the object's id is stored, as the rest may hold a client_secret. Where
    # Stripe failed, nobody knows what it did, so the next try must have the same key.
    begun = _begin(call, now)
    if isinstance(begun, StoredResponse):
        metrics.IDEMPOTENT_HITS.labels(call.operation).inc()
        answer = call_stripe(call, send, key=call.key)
        if answer.get("id") != begun.id:
            # Stripe has dropped the key before its time: there may be two objects now.
            logger.error("Stripe made %s where %s was made before", answer.get("id"), begun.id)
        return answer
    try:
        answer = call_stripe(call, send, key=call.key)
    except ProviderRefused as refusal:
        keys.abandon(begun, StoredResponse(refusal.status))
        raise
    except Exception:
        keys.abandon(begun)
        raise
    # If another took over meanwhile, it called with the same key and has the same answer.
    keys.complete(begun, StoredResponse(200, id=str(answer.get("id", ""))))
    return answer


def _begin(call: Call, now: datetime) -> Started | StoredResponse:
    """Record that the call begins, once no identical one is under way."""
    parameters_hash = keys.hash_parameters(call.parameters)
    began, waited, pause = time.monotonic(), 0.0, 0.02
    while True:
        try:
            return keys.begin(
                call.scope,
                call.key,
                parameters_hash,
                now=now + timedelta(seconds=waited),
                lease=LEASE,
                lifetime=LIFETIME,
            )
        except KeyInUse:
            if waited > WAIT_SECONDS:
                raise
        # The database is asked again, and no lock held: the other call takes seconds.
        time.sleep(pause)
        waited, pause = time.monotonic() - began, min(2 * pause, 0.5)
