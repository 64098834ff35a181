"""Events in the life of payments; where one pays an invoice, the invoice follows."""

from webhooks.testing.fake_stripe import intents, invoices, money_objects
from webhooks.testing.fake_stripe.intents import PaymentOutcome
from webhooks.testing.fake_stripe.shapes import Json, detailed
from webhooks.testing.fake_stripe.world import Account, happening

# Stripe's payment methods for tests, by what comes of them.
OUTCOMES: dict[str, PaymentOutcome] = {
    "pm_card_authenticationRequired": "requires_action",
    "pm_card_chargeDeclined": "failed",
    "pm_card_visa_chargeDeclined": "failed",
    "pm_usBankAccount_success": "processing",
}


def outcome_of(payment_method: str | None) -> PaymentOutcome:
    """Return the outcome of paying with one of Stripe's payment methods for tests."""
    # Whatever is not known here pays, as most of Stripe's own methods for tests do.
    return OUTCOMES.get(payment_method or "", "succeeded")


@happening
def create(account: Account, /, amount: int, currency: str = "usd", **details: object) -> Json:
    """Create a payment of an amount in minor units; `details` are keys of the object."""
    intent = detailed(money_objects.payment_intent(account, amount, currency), details)
    # With a way to pay, the next that Stripe waits for is the confirmation.
    if intent["payment_method"]:
        intent["status"] = "requires_confirmation"
    return account.create(intent, "payment_intent.created")


@happening
def confirm(account: Account, payment_intent: str, outcome: PaymentOutcome = "succeeded") -> Json:
    """Try to take the money."""
    intents.attempt(account, payment_intent, outcome)
    return _followed(account, payment_intent)


@happening
def settle(account: Account, payment_intent: str, outcome: PaymentOutcome = "succeeded") -> Json:
    """Settle a payment that was processing: `succeeded` or `failed`."""
    intents.settle(account, payment_intent, outcome)
    return _followed(account, payment_intent)


@happening
def capture(account: Account, payment_intent: str, amount: int | None = None) -> Json:
    """Take what was only authorized, or a part of it (in minor units)."""
    intents.capture(account, payment_intent, amount)
    return _followed(account, payment_intent)


@happening
def cancel(account: Account, payment_intent: str, reason: str | None = None) -> Json:
    """Give a payment up."""
    return intents.cancel(account, payment_intent, reason)


def _followed(account: Account, payment_intent: str) -> Json:
    # Here and not in `intents`, which invoices are built on.
    invoices.follow(account, payment_intent)
    return account.get("payment_intent", payment_intent)
