"""Events in the life of payouts."""

from webhooks.testing.fake_stripe import money_objects
from webhooks.testing.fake_stripe.problems import invalid
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account, happening


@happening
def create(account: Account, amount: int, currency: str = "usd") -> Json:
    """Plan for an amount in minor units to go to the bank."""
    return account.create(money_objects.payout(account, amount, currency), "payout.created")


@happening
def send(account: Account, payout: str) -> Json:
    """Tell the bank of a payout."""
    return _become(account, payout, ("pending",), "in_transit")


@happening
def pay(account: Account, payout: str) -> Json:
    """Have a payout paid, as far as anybody knows."""
    changes: Json = {"reconciliation_status": "completed"}
    return _become(account, payout, ("in_transit",), "paid", "payout.paid", changes)


@happening
def fail(account: Account, payout: str) -> Json:
    """Have the bank send the money back, even when it had been paid."""
    changes = {
        "failure_balance_transaction": account.new_id("txn"),
        "failure_code": "account_closed",
        "failure_message": "The bank account has been closed.",
    }
    # `paid` is not final: a bank may send the money back days later.
    states = ("in_transit", "paid")
    return _become(account, payout, states, "failed", "payout.failed", changes)


@happening
def cancel(account: Account, payout: str) -> Json:
    """Cancel a payout before it leaves."""
    return _become(account, payout, ("pending",), "canceled", "payout.canceled")


def _become(
    account: Account,
    payout: str,
    states: tuple[str, ...],
    status: str,
    event_type: str | None = None,
    changes: Json | None = None,
) -> Json:
    subject = account.get("payout", payout)
    if subject["status"] not in states:
        raise invalid(f"This payout's status is {subject['status']}.")
    events = ("payout.updated", event_type) if event_type else ("payout.updated",)
    return account.change(subject, {**(changes or {}), "status": status}, *events)
