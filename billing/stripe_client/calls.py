"""One call to Stripe that is to have its effect once, whatever is lost on the way."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import stripe

from billing.exceptions import KeyInUse, ProviderRefused
from billing.idempotency import keys
from billing.idempotency.keys import Outcome, Started
from billing.stripe_client.errors import translate
from webhooks.monitoring import metrics
from webhooks.providers import stripe_api

logger = logging.getLogger(__name__)

LIFETIME: Final = timedelta(hours=23)
"""How long the same call is answered the same. Stripe keeps a key for 24 hours at least."""

LEASE: Final = timedelta(minutes=2)
"""When a call is given up for lost: well after the client has given it up, retries and all."""

WAIT_SECONDS: Final = 10.0
"""How long a call waits for an identical one that is under way."""

Object = dict[str, Any]
Send = Callable[[Any, Any], stripe.StripeObject]


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of Stripe, and of which of its objects, if that exists already.

    A call with a reference is the operation of this name, and its parameters can't change. One
    without is known by its parameters.
    """

    operation: str
    parameters: Mapping[str, Any]
    reference: str
    account: str
    subject: str = ""

    @property
    def scope(self) -> str:
        """Whose key it is: our own account's, or a connected one's."""
        return f"stripe:{self.account}" if self.account else "stripe"

    @property
    def key(self) -> str:
        """The idempotency key: the same for the same call in the same mode.

        It is a hash, so that nobody's data can be read from it.
        """
        parameters = None if self.reference else self.parameters
        identity = [self.account, stripe_api.is_live(), self.subject, self.reference, parameters]
        return f"{self.operation}-{keys.fingerprint(identity)}"


def ask(send: Send, parameters: Mapping[str, Any], *, account: str, key: str = "") -> Object:
    """Have Stripe's client send this, and answer with a plain object or an error of our own."""
    options = {"idempotency_key": key, "stripe_account": account}
    try:
        made = send(in_order(parameters), {name: value for name, value in options.items() if value})
        # The JSON itself: Stripe's client makes decimals of some of the texts in it.
        told: Any = made.last_response and made.last_response.data
        return dict(told)
    except stripe.StripeError as error:
        problem = translate(error)
    # Not raised where the error was caught: it holds Stripe's whole answer, which may hold a
    # client_secret, and would go along as the context, for error reporters to show.
    raise problem


def in_order(value: Any) -> Any:
    """The same parameters, by name: equal ones are sent in equal bytes, as one key demands."""
    if isinstance(value, Mapping):
        return {name: in_order(value[name]) for name in sorted(value)}
    return [in_order(each) for each in value] if isinstance(value, list | tuple) else value


def ask_once(call: Call, send: Send, *, now: datetime) -> Object:
    """Ask Stripe, or ask it again for the answer that it gave before.

    Only the object's id is stored: the answer may hold a secret. Stripe repeats an answer, refusals
    and failures included, for as long as it remembers the key. Where it failed itself, nobody knows
    what it did, so the key stays what it was.
    """
    begun = _begin(call, now)
    if isinstance(begun, Outcome):
        metrics.IDEMPOTENT_HITS.labels(call.operation).inc()
        answer = ask(send, call.parameters, account=call.account, key=call.key)
        if answer.get("id") != begun.id:
            logger.error("Stripe made %s where %s was made before", answer.get("id"), begun.id)
        return answer
    try:
        answer = ask(send, call.parameters, account=call.account, key=call.key)
    except ProviderRefused as refusal:
        keys.abandon(begun, Outcome(refusal.status))
        raise
    except Exception:
        keys.abandon(begun)
        raise
    # Whoever took over meanwhile has asked with the same key, and has the same answer.
    keys.complete(begun, Outcome(200, id=str(answer.get("id", ""))))
    return answer


def _begin(call: Call, now: datetime) -> Started | Outcome:
    """Put on record that the call is about to be made, when no identical one is under way."""
    parameters_hash = keys.fingerprint(call.parameters)
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
        time.sleep(pause)
        waited, pause = time.monotonic() - began, min(2 * pause, 0.5)
