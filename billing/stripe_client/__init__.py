"""Calls to Stripe that act, each of which takes effect once however often it is repeated."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from billing.exceptions import ProviderRefused
from billing.idempotency import keys
from billing.stripe_client.calls import Call, Object, Send, call_stripe, call_stripe_once
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
        """Create a customer."""
        call = Call("create_customer", parameters, reference, account)
        return call_stripe_once(call, connect().v1.customers.create, now=now)

    def create_checkout_session(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Create a payment page; redirect the payer to its `url`."""
        call = Call("create_checkout_session", parameters, reference, account)
        return call_stripe_once(call, connect().v1.checkout.sessions.create, now=now)

    def create_payment_intent(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Create a payment, and make it if `confirm` is true. The answer has a `client_secret`."""
        call = Call("create_payment_intent", parameters, reference, account)
        return call_stripe_once(call, connect().v1.payment_intents.create, now=now)

    def create_refund(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Refund a payment. Two equal parts of one payment need references to be two refunds."""
        call = Call("create_refund", parameters, reference, account)
        return call_stripe_once(call, connect().v1.refunds.create, now=now)

    def create_subscription(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Create a subscription."""
        call = Call("create_subscription", parameters, reference, account)
        return call_stripe_once(call, connect().v1.subscriptions.create, now=now)

    def create_portal_session(
        self, parameters: Parameters, *, reference: str = "", account: str = "", now: datetime
    ) -> Object:
        """Create a session of the billing portal; redirect the customer to its `url` at once."""
        call = Call("create_portal_session", parameters, reference, account)
        return call_stripe_once(call, connect().v1.billing_portal.sessions.create, now=now)

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
            # Without one, changing back and forth within a day would be taken for a repetition.
            raise ValueError("a change needs a subscription and a reference")
        call = Call("change_subscription", parameters, reference, account, subscription_id)
        send: Send = partial(connect().v1.subscriptions.update, subscription_id)
        return call_stripe_once(call, send, now=now)

    def cancel_subscription(
        self,
        subscription_id: str,
        parameters: Parameters,
        *,
        account: str = "",
        now: datetime,
    ) -> Object:
        """End a subscription at once; one that has been canceled already is returned as it is.

        To end it with its period, change it: `{"cancel_at_period_end": True}`.
        """
        if not subscription_id:
            raise ValueError("a subscription is needed")
        # No idempotency key: canceling twice comes to the same, as below.
        keys.refuse_in_transaction()
        subscriptions = connect().v1.subscriptions
        cancel: Send = partial(subscriptions.cancel, subscription_id)
        try:
            return call_stripe(
                Call("cancel_subscription", parameters, "", account, subscription_id), cancel
            )
        except ProviderRefused as refusal:
            # Stripe reports a canceled subscription as not found when it is to be canceled again.
            if refusal.status not in (400, 404):
                raise
            retrieve: Send = partial(subscriptions.retrieve, subscription_id)
            found = call_stripe(
                Call("retrieve_subscription", {}, "", account, subscription_id), retrieve
            )
            if found.get("status") != "canceled":
                raise
            return found
