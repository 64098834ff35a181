"""Events in the life of refunds, and so of their charges."""

from webhooks.testing.fake_stripe import money_objects
from webhooks.testing.fake_stripe.problems import invalid
from webhooks.testing.fake_stripe.shapes import Json, detailed
from webhooks.testing.fake_stripe.world import Account, happening


@happening
def create(
    account: Account,
    /,
    charge: str,
    amount: int | None = None,
    *,
    pending: bool = False,
    **details: object,
) -> Json:
    """Give an amount in minor units back, or all that is left; `details` are keys of the object."""
    subject = account.get("charge", charge)
    left = subject["amount_captured"] - subject["amount_refunded"]
    amount = left if amount is None else amount
    # Against what was captured, since money that is only held cannot be given back.
    if left <= 0:
        raise invalid(f"Charge {charge} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid(f"Refund amount is greater than unrefunded amount {left}.", param="amount")
    status = "pending" if pending else "succeeded"
    refund = detailed(money_objects.refund(account, subject, amount, status), details)
    account.create(refund, "refund.created")
    # Counted while it is pending too: the money is not there to be refunded twice.
    _give_back(account, subject, amount, "charge.refunded")
    return refund


@happening
def succeed(account: Account, refund: str) -> Json:
    """Let a pending refund arrive."""
    subject = _in_state(account, refund, ("pending",))
    return account.change(
        subject, {"status": "succeeded"}, "refund.updated", "charge.refund.updated"
    )


@happening
def fail(account: Account, refund: str) -> Json:
    """Let a refund come back, even one that had succeeded. No event tells of its charge."""
    subject = _in_state(account, refund, ("pending", "succeeded"))
    changes = {
        "failure_balance_transaction": account.new_id("txn"),
        "failure_reason": "expired_or_canceled_card",
        "status": "failed",
    }
    _give_back(account, account.get("charge", subject["charge"]), -subject["amount"])
    events = ("refund.updated", "charge.refund.updated", "refund.failed")
    return account.change(subject, changes, *events)


def _give_back(account: Account, charge: Json, amount: int, *events: str) -> None:
    total = charge["amount_refunded"] + amount
    changes = {"amount_refunded": total, "refunded": total == charge["amount_captured"]}
    account.change(charge, changes, *events)


def _in_state(account: Account, refund: str, states: tuple[str, ...]) -> Json:
    subject = account.get("refund", refund)
    if subject["status"] not in states:
        raise invalid(f"This refund's status is {subject['status']}.")
    return subject
