"""Payment intents and their charges, whatever they pay for."""

from typing import Literal

from webhooks.testing.fake_stripe import money_objects
from webhooks.testing.fake_stripe.problems import invalid
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

PaymentOutcome = Literal["succeeded", "failed", "requires_action", "processing"]

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*OPEN, "requires_capture", "processing")

SETTLED = (
    "amount_captured",
    "balance_transaction",
    "captured",
    "failure_code",
    "failure_message",
    "outcome",
    "paid",
    "status",
)

DECLINED = {
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
    "type": "card_error",
}


def attempt(account: Account, payment_intent: str, outcome: PaymentOutcome) -> Json:
    """Try to take the money."""
    intent = _in_state(account, payment_intent, OPEN, "confirm")
    # A payer who types a card in makes a method of it, so a confirmed intent has one.
    method = {"payment_method": intent["payment_method"] or account.new_id("pm")}
    intent = account.change(intent, method)
    if outcome == "requires_action":
        return _ask_for_action(account, intent)
    if outcome == "processing":
        return _process(account, intent)
    charge = money_objects.charge(account, intent, outcome)
    account.create(charge, f"charge.{outcome}")
    return _after(account, intent, charge)


def settle(account: Account, payment_intent: str, outcome: PaymentOutcome) -> Json:
    """Settle a payment that was processing: `succeeded` or `failed`."""
    intent = _in_state(account, payment_intent, ("processing",), "settle")
    charge = account.get("charge", intent["latest_charge"])
    known = money_objects.charge(account, intent, outcome)
    # Only what settling decides: the id and the time stay those of the first try.
    settled = {name: known[name] for name in SETTLED}
    charge = account.change(charge, settled, f"charge.{outcome}")
    return _after(account, intent, charge)


def capture(account: Account, payment_intent: str, amount: int | None = None) -> Json:
    """Take what was only authorized, or a part of it."""
    intent = _in_state(account, payment_intent, ("requires_capture",), "capture")
    amount = intent["amount_capturable"] if amount is None else amount
    if not 0 < amount <= intent["amount_capturable"]:
        raise invalid("The amount to capture is too large.", param="amount_to_capture")
    taken = {"amount_captured": amount, "balance_transaction": account.new_id("txn")}
    charge = account.get("charge", intent["latest_charge"])
    account.change(charge, {**taken, "captured": True}, "charge.updated", "charge.captured")
    return account.change(
        intent,
        {"amount_capturable": 0, "amount_received": amount, "status": "succeeded"},
        "payment_intent.succeeded",
    )


def cancel(account: Account, payment_intent: str, reason: str | None = None) -> Json:
    """Give a payment up; what was authorized is released."""
    intent = _in_state(account, payment_intent, CANCELABLE, "cancel")
    if intent["status"] == "requires_capture":
        charge = account.get("charge", intent["latest_charge"])
        back = {"amount_refunded": charge["amount"], "refunded": True}
        account.change(charge, back, "charge.refunded")
    gone = {"canceled_at": account.now, "cancellation_reason": reason, "status": "canceled"}
    gone |= {"amount_capturable": 0, "next_action": None, "processing": None}
    return account.change(intent, gone, "payment_intent.canceled")


def _in_state(account: Account, payment_intent: str, states: tuple[str, ...], verb: str) -> Json:
    intent = account.get("payment_intent", payment_intent)
    if intent["status"] not in states:
        message = f"You cannot {verb} this PaymentIntent because it has a status of "
        message += f"{intent['status']}."
        raise invalid(message, code="payment_intent_unexpected_state")
    return intent


def _ask_for_action(account: Account, intent: Json) -> Json:
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    changes = {"next_action": action, "status": "requires_action"}
    return account.change(intent, changes, "payment_intent.requires_action")


def _process(account: Account, intent: Json) -> Json:
    charge = account.create(money_objects.charge(account, intent, "pending"), "charge.pending")
    changes = {"latest_charge": charge["id"], "next_action": None, "status": "processing"}
    return account.change(intent, changes, "payment_intent.processing")


def _after(account: Account, intent: Json, charge: Json) -> Json:
    changes = {"latest_charge": charge["id"], "next_action": None}
    if charge["status"] == "failed":
        # The method is taken off: what was refused once must be chosen anew.
        error = {**DECLINED, "charge": charge["id"]}
        changes |= {"last_payment_error": error, "payment_method": None}
        changes["status"] = "requires_payment_method"
        return account.change(intent, changes, "payment_intent.payment_failed")
    changes["last_payment_error"] = None
    amount = intent["amount"]
    # Authorized only: the amount is held, and nothing has been received.
    if not charge["captured"]:
        changes |= {"amount_capturable": amount, "status": "requires_capture"}
        return account.change(intent, changes, "payment_intent.amount_capturable_updated")
    changes |= {"amount_received": amount, "status": "succeeded"}
    return account.change(intent, changes, "payment_intent.succeeded")
