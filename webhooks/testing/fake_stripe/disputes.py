"""Events in the life of disputes, and so of their charges."""

from typing import Literal

from webhooks.testing.fake_stripe import dispute_objects
from webhooks.testing.fake_stripe.problems import invalid
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account, happening

OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


@happening
def create(
    account: Account,
    charge: str,
    amount: int | None = None,
    *,
    reason: str = "fraudulent",
    inquiry: bool = False,
) -> Json:
    """Let the customer's bank dispute a charge; unless it only inquires, it takes the money."""
    subject = account.get("charge", charge)
    if subject["disputed"] or not subject["captured"]:
        raise invalid("This charge can't be disputed.", code="charge_disputed")
    status = "warning_needs_response" if inquiry else "needs_response"
    amount = subject["amount"] if amount is None else amount
    dispute = dispute_objects.dispute(account, subject, amount, reason, status)
    account.create(dispute, "charge.dispute.created")
    # No event tells of the charge: a receiver has to learn it from the dispute.
    account.change(subject, {"disputed": True})
    return (
        dispute if inquiry else _move(account, dispute, -amount, "charge.dispute.funds_withdrawn")
    )


@happening
def submit(account: Account, dispute: str) -> Json:
    """Answer with evidence: the bank reviews it."""
    subject = _in_state(account, dispute, ("needs_response", "warning_needs_response"))
    evidence = subject["evidence_details"] | {"has_evidence": True, "submission_count": 1}
    status = subject["status"].replace("needs_response", "under_review")
    changes = {"evidence_details": evidence, "status": status}
    return account.change(subject, changes, "charge.dispute.updated")


@happening
def close(account: Account, dispute: str, outcome: Literal["won", "lost"]) -> Json:
    """Let the bank decide; an inquiry is closed without a winner. One lost can still be won."""
    # A bank may reverse a loss, so `lost` is not final and `won` is.
    states = (*OPEN, "lost") if outcome == "won" else OPEN
    subject = _in_state(account, dispute, states)
    status = "warning_closed" if subject["status"].startswith("warning") else outcome
    events = ("charge.dispute.updated", "charge.dispute.closed")
    subject = account.change(subject, {"status": status}, *events)
    if status != "won":
        return subject
    return _move(account, subject, subject["amount"], "charge.dispute.funds_reinstated")


def _move(account: Account, dispute: Json, amount: int, event_type: str) -> Json:
    movement = dispute_objects.movement(account, dispute, amount)
    movements = [*dispute["balance_transactions"], movement]
    return account.change(dispute, {"balance_transactions": movements}, event_type)


def _in_state(account: Account, dispute: str, states: tuple[str, ...]) -> Json:
    subject = account.get("dispute", dispute)
    if subject["status"] not in states:
        raise invalid(f"This dispute's status is {subject['status']}.")
    return subject
