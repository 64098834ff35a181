"""What this project asks of Stripe: every object is made once, however often it is asked for."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from billing.exceptions import ProviderRefused
from billing.idempotency import keys
from billing.stripe_client.calls import Call, Object, Send, ask, ask_once
from webhooks.providers.stripe_api import connect

Parameters = Mapping[str, Any]


class StripeClient:
    """Calls to Stripe that are safe to repeat.

    `parameters` are Stripe's own. `account` is the connected account to act for, empty for our
    own. Answers are plain dicts, as Stripe gave them.

    The same call within 23 hours has the same answer, be it that the first one's was lost, that
    this process was killed before it could store it, or that many ask at once. What makes a call
    the same is its operation, account, mode, and

    - its `reference`, where it has one: the name of what is wanted, say an order's number or
      `event.idempotency_key`. With other parameters it is refused (`KeyReused`).
    - its parameters, where it has none. Two payments of the same amount by the same customer on
      the same day need references, or they are one; so does another try after a refusal, and
      every visit to the billing portal, whose address is good for minutes.

    After 23 hours nothing is promised: once Stripe has forgotten the key, which takes it 24 hours
    at least, the same call makes a new object.

    Not to be called inside a transaction (`InTransaction`). Raises `ProviderRefused`,
    `ProviderUnavailable`, `KeyReused`, `KeyInUse` when an identical call takes too long, and
    `NotConfigured` (of `webhooks.providers.stripe_api`) without `STRIPE_API_KEY`.
    """

    def create_customer(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Make a customer."""
        call = Call("create_customer", parameters, reference, account)
        return ask_once(call, connect().v1.customers.create, now=now)

    def create_checkout_session(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Open a payment page; the payer is to be sent to its `url`."""
        call = Call("create_checkout_session", parameters, reference, account)
        return ask_once(call, connect().v1.checkout.sessions.create, now=now)

    def create_payment_intent(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Prepare a payment, or make it with `confirm`. The answer has a `client_secret`."""
        call = Call("create_payment_intent", parameters, reference, account)
        return ask_once(call, connect().v1.payment_intents.create, now=now)

    def create_refund(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Give money back. Two equal parts of one payment need references to be two refunds."""
        call = Call("create_refund", parameters, reference, account)
        return ask_once(call, connect().v1.refunds.create, now=now)

    def create_subscription(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Have a customer pay again and again."""
        call = Call("create_subscription", parameters, reference, account)
        return ask_once(call, connect().v1.subscriptions.create, now=now)

    def create_portal_session(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Open the billing portal for a customer, who is to be sent to its `url` at once."""
        call = Call("create_portal_session", parameters, reference, account)
        return ask_once(call, connect().v1.billing_portal.sessions.create, now=now)

    def change_subscription(
        self,
        subscription_id: str,
        parameters: Parameters,
        *,
        reference: str,
        account: str = "",
        now: datetime,
    ) -> Object:
        """Change a subscription. The reference names the change: the same may be wanted again."""
        if not (subscription_id and reference):
            raise ValueError("a change needs a subscription and a reference")
        call = Call("change_subscription", parameters, reference, account, subscription_id)
        send: Send = partial(connect().v1.subscriptions.update, subscription_id)
        return ask_once(call, send, now=now)

    def cancel_subscription(
        self,
        subscription_id: str,
        parameters: Parameters,
        *,
        account: str = "",
        now: datetime,
    ) -> Object:
        """End a subscription at once; one that has been canceled already is returned as it is.

        To end it with its period, change it: `{"cancel_at_period_end": True}`. Nothing has to be
        remembered for this to be safe to repeat.
        """
        if not subscription_id:
            raise ValueError("a subscription is needed")
        keys.refuse_in_transaction()
        subscriptions = connect().v1.subscriptions
        cancel: Send = partial(subscriptions.cancel, subscription_id)
        try:
            return ask(cancel, parameters, account=account)
        except ProviderRefused as refusal:
            # Stripe doesn't find a canceled subscription when it is asked to cancel it.
            if refusal.status not in (400, 404):
                raise
            retrieve: Send = partial(subscriptions.retrieve, subscription_id)
            found = ask(retrieve, {}, account=account)
            if found.get("status") != "canceled":
                raise
            return found
