"""What the API's endpoints of subscriptions do with their parameters."""

from tests.fake_stripe import payments, subscription_pauses, subscriptions
from tests.fake_stripe.forms import items, metadata, number, plain, tags, truth_value
from tests.fake_stripe.periods import DAY
from tests.fake_stripe.problems import invalid
from tests.fake_stripe.shapes import Json
from tests.fake_stripe.world import Account


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
    details = plain(params, ("default_payment_method", "description"))
    labels = {"metadata": metadata(params, subject["metadata"])}
    return subscriptions.update(account, subscription, **details, **labels)


def cancel_subscription(account: Account, _: Json, subscription: str) -> Json:
    """DELETE /v1/subscriptions/{id}."""
    return subscriptions.cancel(account, subscription)


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
