"""A subscription's status, which follows from its latest invoice."""

from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

BEHIND = ("past_due", "unpaid")


def subscription_of(account: Account, invoice: Json) -> Json | None:
    """Return the subscription that an invoice is for."""
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return account.get("subscription", details["subscription"]) if details else None


def invoice_paid(account: Account, invoice: Json) -> None:
    """Activate what waited for the money, which came."""
    subscription = _billed_by(account, invoice)
    if subscription and subscription["status"] in ("incomplete", *BEHIND):
        account.change(subscription, {"status": "active"}, "customer.subscription.updated")
    _mark_delinquent(account, invoice["customer"])


def invoice_failed(account: Account, invoice: Json) -> None:
    """Mark what ran as past due, since the money did not come."""
    subscription = _billed_by(account, invoice)
    if subscription and subscription["status"] in ("active", "trialing"):
        account.change(subscription, {"status": "past_due"}, "customer.subscription.updated")
    _mark_delinquent(account, invoice["customer"])


def invoice_processing(account: Account, invoice: Json) -> None:
    """Give credit as Stripe does while the money is on its way."""
    subscription = _billed_by(account, invoice)
    if subscription and subscription["status"] == "incomplete":
        account.change(subscription, {"status": "active"}, "customer.subscription.updated")


def _billed_by(account: Account, invoice: Json) -> Json | None:
    subscription = subscription_of(account, invoice)
    # An older invoice, paid late, says nothing of what the newest one has left owing.
    if subscription and subscription["latest_invoice"] == invoice["id"]:
        return subscription
    return None


def _mark_delinquent(account: Account, customer: str) -> None:
    if account.is_deleted("customer", customer):
        return
    # By all subscriptions: one that is paid does not make good for another.
    behind = any(
        each["status"] in BEHIND for each in account.all("subscription", customer=customer)
    )
    subject = account.get("customer", customer)
    account.change(subject, {"delinquent": behind}, "customer.updated")
