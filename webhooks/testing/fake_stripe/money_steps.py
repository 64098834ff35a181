"""Steps of random stories: payments, refunds, disputes, payouts."""

import random

from webhooks.testing.fake_stripe import disputes, invoices, payments, payouts, refunds
from webhooks.testing.fake_stripe.steps import Step, drawn_outcome, picked
from webhooks.testing.fake_stripe.world import Account


def begin_payment(account: Account, rng: random.Random) -> Step | None:
    """Ask somebody to pay once."""
    customer = picked(account, rng, "customer")
    manual = rng.choice(("automatic", "automatic", "manual"))
    who = customer["id"] if customer else None
    amount = rng.randint(1, 90) * 100
    return lambda: payments.create(account, amount, customer=who, capture_method=manual)


def continue_payment(account: Account, rng: random.Random) -> Step | None:
    """Move a payment on that pays no invoice."""
    states = ("requires_payment_method", "requires_action", "requires_capture", "processing")
    intent = picked(account, rng, "payment_intent", *states)
    if intent is None or invoices.invoice_of(account, intent["id"]):
        return None
    own_id, outcome, status = intent["id"], drawn_outcome(rng), intent["status"]
    is_of_session = any(account.all("checkout.session", payment_intent=own_id))
    if status == "processing":
        # The session's own step settles it, and tells of the session as well.
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


def begin_refund(account: Account, rng: random.Random) -> Step | None:
    """Refund a charge, in part or whole."""
    charge = picked(account, rng, "charge", "succeeded")
    # The bank has taken a disputed charge's money: Stripe refuses to give it back twice.
    if charge is None or charge["disputed"]:
        return None
    left = charge["amount_captured"] - charge["amount_refunded"]
    # Or half of what is left would be nothing, which can't be refunded.
    if left < 2:
        return None
    amount = rng.choice((None, left // 2, left // 3 or 1))
    pending = rng.random() < 0.4
    return lambda: refunds.create(account, charge["id"], amount, pending=pending)


def continue_refund(account: Account, rng: random.Random) -> Step | None:
    """Let a refund arrive or fail, even late."""
    refund = picked(account, rng, "refund", "pending", "succeeded")
    if refund is None:
        return None
    if refund["status"] == "succeeded" or rng.random() < 0.3:
        return lambda: refunds.fail(account, refund["id"])
    return lambda: refunds.succeed(account, refund["id"])


def begin_dispute(account: Account, rng: random.Random) -> Step | None:
    """Dispute a charge."""
    charge = picked(account, rng, "charge", "succeeded", disputed=False, captured=True)
    if charge is None or charge["amount_refunded"]:
        return None
    inquiry = rng.random() < 0.2
    return lambda: disputes.create(account, charge["id"], inquiry=inquiry)


def continue_dispute(account: Account, rng: random.Random) -> Step | None:
    """Answer or decide a dispute, or have a lost one won."""
    dispute = picked(account, rng, "dispute", *disputes.OPEN, "lost")
    if dispute is None:
        return None
    if dispute["status"] == "lost":
        return lambda: disputes.close(account, dispute["id"], "won")
    if dispute["status"].endswith("needs_response") and rng.random() < 0.5:
        return lambda: disputes.submit(account, dispute["id"])
    won = rng.random() < 0.4
    return lambda: disputes.close(account, dispute["id"], "won" if won else "lost")


def begin_payout(account: Account, rng: random.Random) -> Step | None:
    """Plan for money to go to the bank."""
    amount = rng.randint(1, 500) * 100
    return lambda: payouts.create(account, amount)


def continue_payout(account: Account, rng: random.Random) -> Step | None:
    """Move a payout on; a paid one can fail."""
    payout = picked(account, rng, "payout", "pending", "in_transit", "paid")
    if payout is None:
        return None
    moves = {
        "pending": (payouts.send, payouts.send, payouts.cancel),
        "in_transit": (payouts.pay, payouts.pay, payouts.fail),
        "paid": (payouts.fail,),
    }
    move = rng.choice(moves[payout["status"]])
    return lambda: move(account, payout["id"])
