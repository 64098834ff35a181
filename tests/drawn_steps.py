"""Steps of drawn lives: what an object of each type begins with, and what may come next."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from webhooks.testing.fake_stripe import (
    Account,
    customer_steps,
    customers,
    money_steps,
    random_story,
    subscription_pauses,
    subscription_steps,
    subscriptions,
)
from webhooks.testing.fake_stripe.steps import Step, picked

Maker = Callable[[Account, random.Random], Step | None]

EVERYDAY: Final = "everyday"
"""The sort of life that `random_story` makes, in which everything happens to everybody."""


def _balance(account: Account, rng: random.Random) -> Step | None:
    customer = picked(account, rng, "customer")
    balance = rng.choice((0, -1400))
    if customer is None:
        return None
    return lambda: customers.update(account, customer["id"], balance=balance)


def _hesitate(account: Account, rng: random.Random) -> Step | None:
    subject = picked(account, rng, "subscription", *subscriptions.RUNNING)
    if subject is None:
        return None
    is_ending = subject["cancel_at_period_end"]
    act = subscription_pauses.keep if is_ending else subscription_pauses.cancel_later
    return lambda: act(account, subject["id"])


def _switch(account: Account, rng: random.Random) -> Step | None:
    subject = picked(account, rng, "subscription", *subscriptions.CHANGEABLE)
    plan = rng.choice(("price_silver", "price_gold"))
    if subject is None:
        return None
    return lambda: subscriptions.change(account, subject["id"], [(plan, 1)])


def _note(kind: str, event_type: str) -> Maker:
    """Return a maker of changes that no rule of the ordering knows anything of."""

    def make(account: Account, rng: random.Random) -> Step | None:
        subject = picked(account, rng, kind)
        note = {"metadata": rng.choice(({}, {"note": "x"}, {"note": "y"}))}
        return (lambda: account.change(subject, note, event_type)) if subject else None

    return make


def _pay(account: Account, rng: random.Random) -> Step | None:
    is_paid = picked(account, rng, "charge", "succeeded")
    return None if is_paid else money_steps.continue_payment(account, rng)


_PAID: Final = (money_steps.begin_payment, _pay, _pay, _pay)

LIVES: Final[Mapping[str, tuple[Sequence[Maker], Sequence[Maker]]]] = {
    "customer": (
        [customer_steps.begin_customer],
        [customer_steps.continue_customer, _balance, _balance],
    ),
    "subscription": (
        [customer_steps.begin_customer, subscription_steps.begin_subscription],
        [
            subscription_steps.continue_subscription,
            _hesitate,
            _switch,
            _note("subscription", "customer.subscription.updated"),
        ],
    ),
    "invoice": (
        [customer_steps.begin_customer, customer_steps.begin_invoice],
        [*[customer_steps.continue_invoice] * 2, _note("invoice", "invoice.updated")],
    ),
    "payment_intent": (
        [money_steps.begin_payment],
        [*[money_steps.continue_payment] * 2, _note("payment_intent", "payment_intent.updated")],
    ),
    "refund": (
        _PAID,
        [
            money_steps.begin_refund,
            money_steps.continue_refund,
            _note("charge", "charge.updated"),
            _note("refund", "refund.updated"),
        ],
    ),
    "dispute": (
        _PAID,
        [
            money_steps.begin_dispute,
            money_steps.continue_dispute,
            _note("charge", "charge.updated"),
            _note("dispute", "charge.dispute.updated"),
        ],
    ),
    "checkout.session": (
        [customer_steps.begin_customer, customer_steps.begin_session],
        [*[customer_steps.continue_session] * 2, subscription_steps.continue_subscription],
    ),
    "payout": (
        [money_steps.begin_payout],
        [*[money_steps.continue_payout] * 2, _note("payout", "payout.updated")],
    ),
    EVERYDAY: ([], [lambda account, rng: lambda: random_story(account.world, rng, 1)]),
}
"""By the object that it is about, what a life begins with, and what goes on from there."""
