"""Random lives of a subscription business, each step one that its objects' states allow."""

import random
from collections.abc import Callable

from tests.fake_stripe import (
    checkouts,
    customers,
    disputes,
    invoices,
    payments,
    payouts,
    periods,
    refunds,
    subscription_pauses,
    subscriptions,
)
from tests.fake_stripe.intents import Outcome
from tests.fake_stripe.shapes import Json
from tests.fake_stripe.world import Account, World

Step = Callable[[], object]

SAME_SECOND = 0.5
CUSTOMERS = 4
PRICES = ("price_basic", "price_plus", "price_seats")


def random_story(
    world: World, rng: random.Random, steps: int, *, account: Account | None = None
) -> None:
    """Let so many things happen, drawn by `rng`. Half of them within the second of the last one."""
    account = account or world.account()
    for _ in range(steps):
        if rng.random() >= SAME_SECOND:
            world.advance(rng.choice((1, 2, 60, 3600, periods.DAY)))
        makers = [*BEGINNINGS, *CONTINUATIONS * 3]
        rng.shuffle(makers)
        for make in makers:
            if step := make(account, rng):
                step()
                break


def _picked(
    account: Account, rng: random.Random, kind: str, *states: str, **having: object
) -> Json | None:
    found = [
        subject
        for subject in account.all(kind, **having)
        if (not states or subject["status"] in states)
        and not account.is_deleted(kind, subject["id"])
    ]
    return rng.choice(found) if found else None


def _outcome(rng: random.Random) -> Outcome:
    outcomes: tuple[Outcome, ...] = ("succeeded", "failed", "requires_action")
    return rng.choices(outcomes, (6, 3, 1))[0]


def _items(rng: random.Random) -> list[tuple[str, int]]:
    chosen = rng.sample(PRICES, rng.choice((1, 1, 2)))
    return [(price, rng.randint(1, 5)) for price in chosen]


def _customer(account: Account, rng: random.Random) -> Step | None:
    if sum(1 for _ in account.all("customer")) >= CUSTOMERS:
        return None
    number = rng.randrange(10_000)
    return lambda: customers.create(account, email=f"c{number}@example.com", name=f"C {number}")


def _customer_changes(account: Account, rng: random.Random) -> Step | None:
    customer = _picked(account, rng, "customer")
    if customer is None:
        return None
    if rng.random() < 0.1:
        return lambda: customers.delete(account, customer["id"])
    tags = {"plan": rng.choice("abc")} if rng.random() < 0.7 else {"note": "x"}
    return lambda: customers.update(account, customer["id"], metadata=tags)


def _subscribes(account: Account, rng: random.Random) -> Step | None:
    customer = _picked(account, rng, "customer")
    if customer is None:
        return None
    trial, outcome, items = rng.choice((0, 0, 14)), _outcome(rng), _items(rng)
    return lambda: subscriptions.create(
        account, customer["id"], items, trial_days=trial, outcome=outcome
    )


def _checks_out(account: Account, rng: random.Random) -> Step | None:
    customer = _picked(account, rng, "customer")
    mode = rng.choice(("payment", "subscription"))
    price = "price_once" if mode == "payment" else rng.choice(PRICES)
    who = customer["id"] if customer else None
    return lambda: checkouts.create(account, mode, [(price, rng.randint(1, 3))], customer=who)


def _session_goes_on(account: Account, rng: random.Random) -> Step | None:
    session = _picked(account, rng, "checkout.session", "open")
    if session:
        if account.is_deleted("customer", session["customer"] or ""):
            return lambda: checkouts.expire(account, session["id"])
        paid = rng.random() < 0.6
        finish = rng.choices((checkouts.complete, checkouts.expire), (5, 1))[0]
        if finish is checkouts.expire:
            return lambda: checkouts.expire(account, session["id"])
        return lambda: checkouts.complete(account, session["id"], paid=paid)
    unpaid = _picked(account, rng, "checkout.session", "complete", payment_status="unpaid")
    if unpaid is None or not _is_processing(account, unpaid):
        return None
    success = rng.random() < 0.7
    return lambda: checkouts.settle(account, unpaid["id"], "succeeded" if success else "failed")


def _is_processing(account: Account, session: Json) -> bool:
    intent = checkouts.intent_of(account, session)
    return bool(account.get("payment_intent", intent)["status"] == "processing")


def _subscription_goes_on(account: Account, rng: random.Random) -> Step | None:
    subscription = _picked(account, rng, "subscription", *NEXT)
    if subscription is None:
        return None
    own_id = subscription["id"]
    move = rng.choice(NEXT[subscription["status"]])
    return lambda: move(account, rng, own_id)


def _renew(account: Account, rng: random.Random, subscription: str) -> None:
    subject = account.get("subscription", subscription)
    end = min(item["current_period_end"] for item in subject["items"]["data"])
    account.world.advance(max(0, end - account.now))
    if subject["cancel_at_period_end"]:
        subscriptions.cancel(account, subscription)
    else:
        subscriptions.renew(account, subscription, _outcome(rng))


def _collect(account: Account, rng: random.Random, subscription: str) -> None:
    invoice = account.get("subscription", subscription)["latest_invoice"]
    if _can_be_tried(account, account.get("invoice", invoice)):
        subscriptions.collect(account, subscription, _outcome(rng))


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
    if not _is_in_progress(account, invoice):
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

NEXT: dict[str, tuple[Move, ...]] = {
    "active": (_renew, _renew, _renew, _change, _hesitate, _cancel),
    "incomplete": (_collect, _collect, _expire),
    "past_due": (_collect, _collect, _collect, _give_up, _change, _cancel),
    "paused": (_resume,),
    "trialing": (_renew, _renew, _warn, _pause, _change, _cancel),
    "unpaid": (_collect, _cancel),
}


def _can_be_tried(account: Account, invoice: Json) -> bool:
    if invoice["status"] not in ("draft", "open", "uncollectible"):
        return False
    return not _is_in_progress(account, invoice["id"])


def _is_in_progress(account: Account, invoice: str) -> bool:
    for link in account.all("invoice_payment", invoice=invoice):
        intent = account.get("payment_intent", link["payment"]["payment_intent"])
        if intent["status"] == "processing":
            return True
    return False


def _invoice_goes_on(account: Account, rng: random.Random) -> Step | None:
    invoice = _picked(account, rng, "invoice", "draft", "open", "uncollectible")
    if invoice is None or not _can_be_tried(account, invoice):
        return None
    own_id, outcome = invoice["id"], _outcome(rng)
    if invoice["status"] == "draft":
        return lambda: invoices.finalize(account, own_id)
    if rng.random() < 0.5:
        return lambda: invoices.pay(account, own_id, outcome)
    if invoice["status"] == "open" and rng.random() < 0.5:
        return lambda: invoices.mark_uncollectible(account, own_id)
    return lambda: invoices.void(account, own_id)


def _bills(account: Account, rng: random.Random) -> Step | None:
    customer = _picked(account, rng, "customer")
    amount = rng.randint(1, 90) * 100
    return (lambda: invoices.create(account, customer["id"], amount)) if customer else None


def _pays(account: Account, rng: random.Random) -> Step | None:
    customer = _picked(account, rng, "customer")
    manual = rng.choice(("automatic", "automatic", "manual"))
    who = customer["id"] if customer else None
    amount = rng.randint(1, 90) * 100
    return lambda: payments.create(account, amount, customer=who, capture_method=manual)


def _payment_goes_on(account: Account, rng: random.Random) -> Step | None:
    states = ("requires_payment_method", "requires_action", "requires_capture", "processing")
    intent = _picked(account, rng, "payment_intent", *states)
    if intent is None or invoices.invoice_of(account, intent["id"]):
        return None
    own_id, outcome, status = intent["id"], _outcome(rng), intent["status"]
    is_of_session = any(account.all("checkout.session", payment_intent=own_id))
    if status == "processing":
        if is_of_session:
            return None
        return lambda: payments.settle(account, own_id, "succeeded")
    if rng.random() < 0.15 and not is_of_session:
        return lambda: payments.cancel(account, own_id, "abandoned")
    if status == "requires_capture":
        part = rng.choice((None, intent["amount"] // 2))
        return lambda: payments.capture(account, own_id, part)
    wanted = "processing" if rng.random() < 0.2 and not is_of_session else outcome
    return lambda: payments.confirm(account, own_id, wanted)


def _refunds(account: Account, rng: random.Random) -> Step | None:
    charge = _picked(account, rng, "charge", "succeeded")
    if charge is None or charge["disputed"]:
        return None
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left < 2:
        return None
    amount = rng.choice((None, left // 2, left // 3 or 1))
    pending = rng.random() < 0.4
    return lambda: refunds.create(account, charge["id"], amount, pending=pending)


def _refund_goes_on(account: Account, rng: random.Random) -> Step | None:
    refund = _picked(account, rng, "refund", "pending", "succeeded")
    if refund is None:
        return None
    if refund["status"] == "succeeded" or rng.random() < 0.3:
        return lambda: refunds.fail(account, refund["id"])
    return lambda: refunds.succeed(account, refund["id"])


def _disputes(account: Account, rng: random.Random) -> Step | None:
    charge = _picked(account, rng, "charge", "succeeded", disputed=False, captured=True)
    if charge is None or charge["amount_refunded"]:
        return None
    inquiry = rng.random() < 0.2
    return lambda: disputes.create(account, charge["id"], inquiry=inquiry)


def _dispute_goes_on(account: Account, rng: random.Random) -> Step | None:
    dispute = _picked(account, rng, "dispute", *disputes.OPEN, "lost")
    if dispute is None:
        return None
    if dispute["status"] == "lost":
        return lambda: disputes.close(account, dispute["id"], "won")
    if dispute["status"].endswith("needs_response") and rng.random() < 0.5:
        return lambda: disputes.submit(account, dispute["id"])
    won = rng.random() < 0.4
    return lambda: disputes.close(account, dispute["id"], "won" if won else "lost")


def _pays_out(account: Account, rng: random.Random) -> Step | None:
    amount = rng.randint(1, 500) * 100
    return lambda: payouts.create(account, amount)


def _payout_goes_on(account: Account, rng: random.Random) -> Step | None:
    payout = _picked(account, rng, "payout", "pending", "in_transit", "paid")
    if payout is None:
        return None
    moves = {
        "pending": (payouts.send, payouts.send, payouts.cancel),
        "in_transit": (payouts.pay, payouts.pay, payouts.fail),
        "paid": (payouts.fail,),
    }
    move = rng.choice(moves[payout["status"]])
    return lambda: move(account, payout["id"])


BEGINNINGS = (_customer, _subscribes, _checks_out, _bills, _pays, _refunds, _disputes, _pays_out)
CONTINUATIONS = (
    _customer_changes,
    _subscription_goes_on,
    _subscription_goes_on,
    _session_goes_on,
    _invoice_goes_on,
    _payment_goes_on,
    _refund_goes_on,
    _dispute_goes_on,
    _payout_goes_on,
)
