"""Steps of random stories: customers, checkout sessions, invoices of no subscription."""

import random

from webhooks.testing.fake_stripe import checkouts, customers, invoices
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.steps import Step, can_be_tried, drawn_outcome, picked
from webhooks.testing.fake_stripe.subscription_steps import PRICES
from webhooks.testing.fake_stripe.world import Account

# Few, so that much happens to each of them.
CUSTOMERS = 4


def begin_customer(account: Account, rng: random.Random) -> Step | None:
    """Let somebody come, while there are few."""
    if sum(1 for _ in account.all("customer")) >= CUSTOMERS:
        return None
    number = rng.randrange(10_000)
    return lambda: customers.create(account, email=f"c{number}@example.com", name=f"C {number}")


def continue_customer(account: Account, rng: random.Random) -> Step | None:
    """Note something about a customer, or delete them."""
    customer = picked(account, rng, "customer")
    if customer is None:
        return None
    if rng.random() < 0.1:
        return lambda: customers.delete(account, customer["id"])
    tags = {"plan": rng.choice("abc")} if rng.random() < 0.7 else {"note": "x"}
    return lambda: customers.update(account, customer["id"], metadata=tags)


def begin_session(account: Account, rng: random.Random) -> Step | None:
    """Let somebody go to the checkout."""
    customer = picked(account, rng, "customer")
    mode: checkouts.Mode = rng.choice(("payment", "subscription"))
    price = "price_once" if mode == "payment" else rng.choice(PRICES)
    who = customer["id"] if customer else None
    return lambda: checkouts.create(account, mode, [(price, rng.randint(1, 3))], customer=who)


def continue_session(account: Account, rng: random.Random) -> Step | None:
    """Let somebody go through with a checkout or not, or the money come after all."""
    session = picked(account, rng, "checkout.session", "open")
    if session:
        # Completing it would fail for a customer who was deleted meanwhile.
        if account.is_deleted("customer", session["customer"] or ""):
            return lambda: checkouts.expire(account, session["id"])
        paid = rng.random() < 0.6
        finish = rng.choices((checkouts.complete, checkouts.expire), (5, 1))[0]
        if finish is checkouts.expire:
            return lambda: checkouts.expire(account, session["id"])
        return lambda: checkouts.complete(account, session["id"], paid=paid)
    unpaid = picked(account, rng, "checkout.session", "complete", payment_status="unpaid")
    # Settled once already: `unpaid` is also what a failed payment leaves.
    if unpaid is None or not _is_processing(account, unpaid):
        return None
    success = rng.random() < 0.7
    return lambda: checkouts.settle(account, unpaid["id"], "succeeded" if success else "failed")


def _is_processing(account: Account, session: Json) -> bool:
    intent = checkouts.intent_of(account, session)
    return bool(account.get("payment_intent", intent)["status"] == "processing")


def continue_invoice(account: Account, rng: random.Random) -> Step | None:
    """Try an invoice, or give it up."""
    invoice = picked(account, rng, "invoice", "draft", "open", "uncollectible")
    if invoice is None or not can_be_tried(account, invoice):
        return None
    own_id, outcome = invoice["id"], drawn_outcome(rng)
    if invoice["status"] == "draft":
        return lambda: invoices.finalize(account, own_id)
    if rng.random() < 0.5:
        return lambda: invoices.pay(account, own_id, outcome)
    if invoice["status"] == "open" and rng.random() < 0.5:
        return lambda: invoices.mark_uncollectible(account, own_id)
    return lambda: invoices.void(account, own_id)


def begin_invoice(account: Account, rng: random.Random) -> Step | None:
    """Bill a customer for something."""
    customer = picked(account, rng, "customer")
    amount = rng.randint(1, 90) * 100
    return (lambda: invoices.create(account, customer["id"], amount)) if customer else None
