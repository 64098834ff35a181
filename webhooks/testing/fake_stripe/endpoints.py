"""The API's POST and DELETE endpoints."""

from webhooks.testing.fake_stripe import (
    catalog,
    checkouts,
    customers,
    payments,
    refunds,
    session_objects,
)
from webhooks.testing.fake_stripe.forms import items, metadata, number, plain, tags, truth_value
from webhooks.testing.fake_stripe.problems import ApiError, invalid
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

SESSION_KEYS = (
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_creation",
    "customer_email",
    "locale",
    "success_url",
)
CUSTOMER_KEYS = ("description", "email", "name", "phone")


def create_customer(account: Account, params: Json, _: str) -> Json:
    """POST /v1/customers."""
    return customers.create(account, **plain(params, CUSTOMER_KEYS), **tags(params))


def update_customer(account: Account, params: Json, customer: str) -> Json:
    """POST /v1/customers/{id}."""
    known = account.present("customer", customer)["metadata"]
    details = plain(params, CUSTOMER_KEYS)
    return customers.update(account, customer, **details, metadata=metadata(params, known))


def delete_customer(account: Account, _: Json, customer: str) -> Json:
    """DELETE /v1/customers/{id}."""
    return customers.delete(account, customer)


def create_session(account: Account, params: Json, _: str) -> Json:
    """POST /v1/checkout/sessions."""
    if params["mode"] not in ("payment", "subscription", "setup"):
        raise invalid("Invalid mode.", code="parameter_invalid", param="mode")
    # Or a session would be opened for a customer who is gone.
    if params.get("customer"):
        account.present("customer", params["customer"])
    given = params.get("subscription_data") or {}
    of_subscription = tags(given)
    if days := number(given, "trial_period_days"):
        of_subscription["trial_days"] = days
    of_payment = params.get("payment_intent_data") or {}
    return checkouts.create(
        account,
        params["mode"],
        items(_priced(account, params), "line_items", needed=params["mode"] != "setup"),
        for_payment=plain(of_payment, ("capture_method", "description")) | tags(of_payment),
        for_subscription=of_subscription,
        **plain(params, SESSION_KEYS),
        **tags(params),
    )


def _priced(account: Account, params: Json) -> Json:
    """Return the parameters with a price for each line that told what it is to be."""
    lines = [dict(line) for line in params.get("line_items") or []]
    for line in lines:
        if given := line.pop("price_data", None):
            amount = number(given, "unit_amount") or 0
            price = catalog.define(account, account.new_id("price"), amount=amount, interval=None)
            line["price"] = price["id"]
    return params | {"line_items": lines}


def expire_session(account: Account, _: Json, session: str) -> Json:
    """POST /v1/checkout/sessions/{id}/expire."""
    return checkouts.expire(account, session)


def create_payment(account: Account, params: Json, _: str) -> Json:
    """POST /v1/payment_intents."""
    if params.get("customer"):
        account.present("customer", params["customer"])
    names = ("capture_method", "customer", "description", "payment_method", "receipt_email")
    amount = number(params, "amount")
    if amount is None or amount < 1:
        raise invalid("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    details = plain(params, names) | tags(params)
    intent = payments.create(account, amount, params["currency"], **details)
    if truth_value(params, "confirm"):
        return confirm_payment(account, params, intent["id"])
    return intent


def confirm_payment(account: Account, params: Json, payment_intent: str) -> Json:
    """POST /v1/payment_intents/{id}/confirm. A declined card is an error (402)."""
    intent = account.get("payment_intent", payment_intent)
    method = params.get("payment_method") or intent["payment_method"]
    if not method:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method."
        raise invalid(message, code="payment_intent_unexpected_state")
    account.change(intent, {"payment_method": method})
    outcome = payments.outcome_of(method)
    intent = payments.confirm(account, payment_intent, outcome)
    # Only after the attempt was recorded: Stripe declines, and keeps the failed charge.
    if outcome == "failed":
        about = {**intent["last_payment_error"], "payment_intent": intent}
        raise ApiError(402, "card_error", "Your card was declined.", about=about)
    return intent


def capture_payment(account: Account, params: Json, payment_intent: str) -> Json:
    """POST /v1/payment_intents/{id}/capture."""
    return payments.capture(account, payment_intent, number(params, "amount_to_capture"))


def cancel_payment(account: Account, params: Json, payment_intent: str) -> Json:
    """POST /v1/payment_intents/{id}/cancel."""
    return payments.cancel(account, payment_intent, params.get("cancellation_reason"))


def create_refund(account: Account, params: Json, _: str) -> Json:
    """POST /v1/refunds."""
    charge = params.get("charge")
    # Of a payment that was tried several times, only the latest charge has taken money.
    if params.get("payment_intent"):
        charge = account.get("payment_intent", params["payment_intent"])["latest_charge"]
    if not charge:
        message = "One of the following params should be provided: `charge`, `payment_intent`."
        raise invalid(message, code="parameter_missing")
    details = plain(params, ("reason",)) | tags(params)
    return refunds.create(account, charge, number(params, "amount"), **details)


def create_portal(account: Account, params: Json, _: str) -> Json:
    """POST /v1/billing_portal/sessions."""
    account.present("customer", params["customer"])
    session = session_objects.portal_session(account, params["customer"], params.get("return_url"))
    return account.create(session)
