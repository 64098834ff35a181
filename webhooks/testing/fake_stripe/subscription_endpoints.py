"""The API's endpoints for subscriptions."""

from webhooks.testing.fake_stripe import (
    payments,
    reading,
    subscription_pauses,
    subscriptions,
)
from webhooks.testing.fake_stripe.forms import items, metadata, number, plain, tags, truth_value
from webhooks.testing.fake_stripe.periods import DAY
from webhooks.testing.fake_stripe.problems import invalid
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account


def create_subscription(account: Account, params: Json, _: str) -> Json:
    """POST /v1/subscriptions."""
    method = params.get("default_payment_method")
    waits = params.get("payment_behavior") == "default_incomplete"
    details = plain(params, ("default_payment_method", "description")) | tags(params)
    return subscriptions.create(
        account,
        params["customer"],
        items(params, "items", needed=True),
        trial_days=number(params, "trial_period_days") or _days_until(account, params),
        outcome=None if waits else payments.outcome_of(method),
        **details,
    )


def update_subscription(account: Account, params: Json, subscription: str) -> Json:
    """POST /v1/subscriptions/{id}: its items, a cancellation to come, pauses, metadata."""
    subject = subscriptions.in_state(account, subscription, subscriptions.CHANGEABLE, "update")
    changes = plain(params, ("default_payment_method", "description"))
    changes["metadata"] = metadata(params, subject["metadata"])
    later = truth_value(params, "cancel_at_period_end")
    # Only where it changes: `cancellation` would give it a new `canceled_at` each time.
    if later is not None and later != subject["cancel_at_period_end"]:
        pauses = subscription_pauses
        changes |= pauses.cancellation(account, subject) if later else pauses.continuation(subject)
    if "pause_collection" in params:
        given = params["pause_collection"]
        changes["pause_collection"] = {**subscription_pauses.PAUSE, **given} if given else None
    if params.get("items"):
        changes["items"] = subscriptions.held(account, subject, _wanted(subject, params))
    return subscriptions.update(account, subscription, **changes)


def cancel_subscription(account: Account, _: Json, subscription: str) -> Json:
    """DELETE /v1/subscriptions/{id}."""
    return subscriptions.cancel(account, subscription)


def list_items(account: Account, params: Json, _: str) -> Json:
    """GET /v1/subscription_items: a page of a subscription's items, in their own order."""
    subject = reading.shown(account, "subscription", params["subscription"])
    # `page` shows what comes last first; items are shown from the first on.
    return reading.page(subject["items"]["data"][::-1], params, "/v1/subscription_items")


def _wanted(subject: Json, params: Json) -> list[tuple[str | None, str, int]]:
    """Return the items of a subscription once those given are merged in: by id, else new ones."""
    # As Stripe merges them: items that are not named stay as they are.
    known: dict[str, tuple[str | None, str, int]] = {
        item["id"]: (item["id"], item["price"]["id"], item["quantity"])
        for item in subject["items"]["data"]
    }
    for index, item in enumerate(params["items"]):
        own_id = item.get("id")
        if own_id and own_id not in known:
            raise invalid(f"No such subscription item: '{own_id}'", code="resource_missing")
        if item.get("deleted") == "true":
            known.pop(own_id)
            continue
        _, price, quantity = known.get(own_id, (None, "", 1))
        given = number(item, "quantity")
        price = item.get("price") or price
        known[own_id or f"new {index}"] = (own_id, price, quantity if given is None else given)
    return list(known.values())


def _days_until(account: Account, params: Json) -> int:
    end = number(params, "trial_end")
    return max(0, (end - account.now) // DAY) if end else 0
