"""The common parts of the steps of random stories."""

import random
from collections.abc import Callable

from webhooks.testing.fake_stripe.intents import PaymentOutcome
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

Step = Callable[[], object]
"""A step of a story: what happens next to a subject that is chosen."""


def picked(
    account: Account, rng: random.Random, kind: str, *states: str, **having: object
) -> Json | None:
    """Pick an object that is not deleted, in one of these states; None without any."""
    # In the order of their making, which the seed decides: a set would differ between runs.
    found = [
        subject
        for subject in account.all(kind, **having)
        if (not states or subject["status"] in states)
        and not account.is_deleted(kind, subject["id"])
    ]
    return rng.choice(found) if found else None


def drawn_outcome(rng: random.Random) -> PaymentOutcome:
    """Draw the outcome of trying to pay: mostly the money."""
    outcomes: tuple[PaymentOutcome, ...] = ("succeeded", "failed", "requires_action")
    return rng.choices(outcomes, (6, 3, 1))[0]


def can_be_tried(account: Account, invoice: Json) -> bool:
    """True if somebody could try to pay an invoice, or finalize it first."""
    if invoice["status"] not in ("draft", "open", "uncollectible"):
        return False
    return not is_in_progress(account, invoice["id"])


def is_in_progress(account: Account, invoice: str) -> bool:
    """True while money for an invoice is on its way."""
    for link in account.all("invoice_payment", invoice=invoice):
        intent = account.get("payment_intent", link["payment"]["payment_intent"])
        if intent["status"] == "processing":
            return True
    return False
