"""Steps of random stories: subscriptions."""

import random
from collections.abc import Callable

from webhooks.testing.fake_stripe import subscription_pauses, subscriptions
from webhooks.testing.fake_stripe.steps import (
    Step,
    can_be_tried,
    drawn_outcome,
    is_in_progress,
    picked,
)
from webhooks.testing.fake_stripe.world import Account

PRICES = ("price_basic", "price_plus", "price_seats")


def _items(rng: random.Random) -> list[tuple[str, int]]:
    chosen = rng.sample(PRICES, rng.choice((1, 1, 2)))
    return [(price, rng.randint(1, 5)) for price in chosen]


def begin_subscription(account: Account, rng: random.Random) -> Step | None:
    """Let a customer subscribe."""
    customer = picked(account, rng, "customer")
    if customer is None:
        return None
    trial, outcome, items = rng.choice((0, 0, 14)), drawn_outcome(rng), _items(rng)
    return lambda: subscriptions.create(
        account, customer["id"], items, trial_days=trial, outcome=outcome
    )


def continue_subscription(account: Account, rng: random.Random) -> Step | None:
    """Let a subscription make one of the moves that its status allows."""
    subscription = picked(account, rng, "subscription", *NEXT)
    if subscription is None:
        return None
    own_id = subscription["id"]
    move = rng.choice(NEXT[subscription["status"]])
    return lambda: move(account, rng, own_id)


def _renew(account: Account, rng: random.Random, subscription: str) -> None:
    subject = account.get("subscription", subscription)
    end = min(item["current_period_end"] for item in subject["items"]["data"])
    until = account.world.until
    # Renewing moves the clock to the end of the period, which may be past where stories end.
    if until is not None and end > until:
        return
    account.world.advance(max(0, end - account.now))
    if subject["cancel_at_period_end"]:
        subscriptions.cancel(account, subscription)
    else:
        subscriptions.renew(account, subscription, drawn_outcome(rng))


def _collect(account: Account, rng: random.Random, subscription: str) -> None:
    invoice = account.get("subscription", subscription)["latest_invoice"]
    if can_be_tried(account, account.get("invoice", invoice)):
        subscriptions.collect(account, subscription, drawn_outcome(rng))


def _change(account: Account, rng: random.Random, subscription: str) -> None:
    subscriptions.change(account, subscription, _items(rng))


def _hesitate(account: Account, rng: random.Random, subscription: str) -> None:
    subject = account.get("subscription", subscription)
    if rng.random() < 0.5:
        later = subject["cancel_at_period_end"]
        (subscription_pauses.keep if later else subscription_pauses.cancel_later)(
            account, subscription
        )
    elif subject["pause_collection"]:
        subscription_pauses.resume_collection(account, subscription)
    else:
        subscription_pauses.pause_collection(account, subscription)


def _expire(account: Account, _: random.Random, subscription: str) -> None:
    invoice = account.get("subscription", subscription)["latest_invoice"]
    # Money on its way may still arrive, and the invoice is not to be void by then.
    if not is_in_progress(account, invoice):
        subscriptions.expire(account, subscription)


def _cancel(account: Account, _: random.Random, subscription: str) -> None:
    subscriptions.cancel(account, subscription)


def _give_up(account: Account, _: random.Random, subscription: str) -> None:
    subscriptions.give_up(account, subscription)


def _warn(account: Account, _: random.Random, subscription: str) -> None:
    subscriptions.announce_trial_end(account, subscription)


def _pause(account: Account, _: random.Random, subscription: str) -> None:
    subscription_pauses.pause(account, subscription)


def _resume(account: Account, _: random.Random, subscription: str) -> None:
    subscription_pauses.resume(account, subscription)


Move = Callable[[Account, random.Random, str], None]

# Repeated where it is likelier: a story of cancellations alone would soon be over.
NEXT: dict[str, tuple[Move, ...]] = {
    "active": (_renew, _renew, _renew, _change, _hesitate, _cancel),
    "incomplete": (_collect, _collect, _expire),
    "past_due": (_collect, _collect, _collect, _give_up, _change, _cancel),
    "paused": (_resume,),
    "trialing": (_renew, _renew, _warn, _pause, _change, _cancel),
    "unpaid": (_collect, _cancel),
}
