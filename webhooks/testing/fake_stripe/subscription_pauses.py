"""Interruptions of a subscription: a cancellation that is to come, and pauses."""

from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.subscriptions import RUNNING, UPDATED, in_state
from webhooks.testing.fake_stripe.world import Account, happening

PAUSE = {"behavior": "mark_uncollectible", "resumes_at": None}


def cancellation(account: Account, subject: Json) -> Json:
    """Return the changes of a subscription that is to end with its current period."""
    end = max(item["current_period_end"] for item in subject["items"]["data"])
    details = subject["cancellation_details"] | {"reason": "cancellation_requested"}
    # `canceled_at` is when it was asked for, not when it ends: Stripe sets it right away.
    changes = {"cancel_at": end, "cancel_at_period_end": True, "canceled_at": account.now}
    return {**changes, "cancellation_details": details}


def continuation(subject: Json) -> Json:
    """Return the changes of a subscription that is not to end after all."""
    details = subject["cancellation_details"] | {"reason": None}
    changes = {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}
    return {**changes, "cancellation_details": details}


@happening
def cancel_later(account: Account, subscription: str) -> Json:
    """Let a subscription end with its current period."""
    subject = in_state(account, subscription, RUNNING, "cancel")
    return account.change(subject, cancellation(account, subject), UPDATED)


@happening
def keep(account: Account, subscription: str) -> Json:
    """Undo a cancellation that was to come."""
    subject = in_state(account, subscription, RUNNING, "keep")
    return account.change(subject, continuation(subject), UPDATED)


@happening
def pause_collection(account: Account, subscription: str) -> Json:
    """Collect nothing for a while; the status stays."""
    subject = in_state(account, subscription, RUNNING, "pause")
    return account.change(subject, {"pause_collection": dict(PAUSE)}, UPDATED)


@happening
def resume_collection(account: Account, subscription: str) -> Json:
    """Collect again."""
    subject = in_state(account, subscription, RUNNING, "resume")
    return account.change(subject, {"pause_collection": None}, UPDATED)


@happening
def pause(account: Account, subscription: str) -> Json:
    """End a trial without a way to pay: the status becomes paused."""
    subject = in_state(account, subscription, ("trialing",), "pause")
    # Not the same as `pause_collection`: no invoices are made, and the status changes.
    events = (UPDATED, "customer.subscription.paused")
    return account.change(subject, {"status": "paused"}, *events)


@happening
def resume(account: Account, subscription: str) -> Json:
    """Resume a subscription whose status is paused."""
    subject = in_state(account, subscription, ("paused",), "resume")
    events = (UPDATED, "customer.subscription.resumed")
    return account.change(subject, {"status": "active"}, *events)
