"""What the API's POST and DELETE endpoints do with their parameters."""

from typing import Any

from tests.fake_stripe import (
    checkouts,
    customers,
    payments,
    refunds,
    session_objects,
    subscription_pauses,
    subscriptions,
)
from tests.fake_stripe.forms import metadata, number, truth_value
from tests.fake_stripe.periods import DAY
from tests.fake_stripe.problems import Refused, invalid
from tests.fake_stripe.shapes import Json
from tests.fake_stripe.world import Account

CUSTOMER_KEYS = ("description", "email", "name", "phone")


def create_customer(account: Account, params: Json, _: str) -> Json:
    """POST /v1/customers."""
    return customers.create(account, **_plain(params, CUSTOMER_KEYS), **_tags(params))


def update_customer(account: Account, params: Json, customer: str) -> Json:
    """POST /v1/customers/{id}."""
    known = account.present("customer", customer)["metadata"]
    plain = _plain(params, CUSTOMER_KEYS)
    return customers.update(account, customer, **plain, metadata=metadata(params, known))


def delete_customer(account: Account, _: Json, customer: str) -> Json:
    """DELETE /v1/customers/{id}."""
    return customers.delete(account, customer)


def create_session(account: Account, params: Json, _: str) -> Json:
    """POST /v1/checkout/sessions."""
    if params["mode"] not in ("payment", "subscription", "setup"):
        raise invalid("Invalid mode.", code="parameter_invalid", param="mode")
    if params.get("customer"):
        account.present("customer", params["customer"])
    names = ("cancel_url", "client_reference_id", "customer", "customer_creation")
    names += ("customer_email", "locale", "success_url")
    given = params.get("subscription_data") or {}
    of_subscription = _tags(given)
    if days := number(given, "trial_period_days"):
        of_subscription["trial_days"] = days
    of_payment = params.get("payment_intent_data") or {}
    return checkouts.create(
        account,
        params["mode"],
        _items(params, "line_items", needed=params["mode"] != "setup"),
        for_payment=_plain(of_payment, ("capture_method", "description")) | _tags(of_payment),
        for_subscription=of_subscription,
        **_plain(params, names),
        **_tags(params),
    )


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
    details = _plain(params, names) | _tags(params)
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
    if outcome == "failed":
        about = {**intent["last_payment_error"], "payment_intent": intent}
        raise Refused(402, "card_error", "Your card was declined.", about=about)
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
    if params.get("payment_intent"):
        charge = account.get("payment_intent", params["payment_intent"])["latest_charge"]
    if not charge:
        message = "One of the following params should be provided: `charge`, `payment_intent`."
        raise invalid(message, code="parameter_missing")
    details = _plain(params, ("reason",)) | _tags(params)
    return refunds.create(account, charge, number(params, "amount"), **details)


def create_subscription(account: Account, params: Json, _: str) -> Json:
    """POST /v1/subscriptions."""
    method = params.get("default_payment_method")
    waits = params.get("payment_behavior") == "default_incomplete"
    details = _plain(params, ("default_payment_method", "description")) | _tags(params)
    return subscriptions.create(
        account,
        params["customer"],
        _items(params, "items", needed=True),
        trial_days=number(params, "trial_period_days") or _days_until(account, params),
        outcome=None if waits else payments.outcome_of(method),
        **details,
    )


def update_subscription(account: Account, params: Json, subscription: str) -> Json:
    """POST /v1/subscriptions/{id}: its items, a cancellation to come, pauses, metadata."""
    subject = account.get("subscription", subscription)
    if params.get("items"):
        subscriptions.change(account, subscription, _held(subject, params))
    later = truth_value(params, "cancel_at_period_end")
    if later is not None and later != subject["cancel_at_period_end"]:
        decide = subscription_pauses.cancel_later if later else subscription_pauses.keep
        decide(account, subscription)
    if "pause_collection" in params:
        pauses = bool(params["pause_collection"])
        hold = subscription_pauses.pause_collection if pauses else None
        (hold or subscription_pauses.resume_collection)(account, subscription)
    details = _plain(params, ("default_payment_method", "description"))
    tags = {"metadata": metadata(params, subject["metadata"])}
    return subscriptions.update(account, subscription, **details, **tags)


def cancel_subscription(account: Account, _: Json, subscription: str) -> Json:
    """DELETE /v1/subscriptions/{id}."""
    return subscriptions.cancel(account, subscription)


def create_portal(account: Account, params: Json, _: str) -> Json:
    """POST /v1/billing_portal/sessions."""
    account.present("customer", params["customer"])
    session = session_objects.portal_session(account, params["customer"], params.get("return_url"))
    return account.create(session)


def _plain(params: Json, names: tuple[str, ...]) -> Json:
    # An empty string unsets.
    return {name: params[name] or None for name in names if name in params}


def _tags(params: Json) -> dict[str, Any]:
    return {"metadata": metadata(params, {})}


def _items(params: Json, name: str, *, needed: bool) -> list[tuple[str, int]]:
    given = params.get(name) or []
    if needed and not given:
        raise invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    items = []
    for index, item in enumerate(given):
        if not item.get("price"):
            param = f"{name}[{index}][price]"
            raise invalid(
                f"Missing required param: {param}.", code="parameter_missing", param=param
            )
        quantity = number(item, "quantity")
        items.append((item["price"], 1 if quantity is None else quantity))
    return items


def _held(subject: Json, params: Json) -> list[tuple[str, int]]:
    """What a subscription holds once the items given are merged in: by id, else as new ones."""
    held = {i["id"]: (i["price"]["id"], i["quantity"]) for i in subject["items"]["data"]}
    for index, item in enumerate(params["items"]):
        old = held.get(item.get("id", ""))
        if item.get("id") and old is None:
            raise invalid(f"No such subscription item: '{item['id']}'", code="resource_missing")
        if item.get("deleted") == "true":
            held.pop(item["id"])
            continue
        price, quantity = item.get("price"), number(item, "quantity")
        known_price, known_quantity = old or (price, 1)
        place = item.get("id") or f"new {index}"
        held[place] = (price or known_price, known_quantity if quantity is None else quantity)
    return list(held.values())


def _days_until(account: Account, params: Json) -> int:
    end = number(params, "trial_end")
    return max(0, (end - account.now) // DAY) if end else 0
