"""Events in the life of invoices, and of what follows from them."""

from webhooks.testing.fake_stripe import (
    intents,
    invoice_objects,
    money_objects,
    subscription_status,
)
from webhooks.testing.fake_stripe.intents import PaymentOutcome
from webhooks.testing.fake_stripe.problems import invalid
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account, happening

# After each failure the next try is so many days later; after the last, none is planned.
RETRY_DAYS = (3, 5, 7)
DAY = 24 * 3600


@happening
def create(account: Account, customer: str, amount: int) -> Json:
    """Create a draft of one line over an amount in minor units, of no subscription."""
    invoice_id = account.new_id("in")
    period = (account.now, account.now)
    line = invoice_objects.line(account, invoice_id, amount, period, None)
    return draft(account, customer, invoice_id, [line])


def draft(
    account: Account, customer: str, invoice_id: str, lines: list[Json], **details: object
) -> Json:
    """Create a draft with these lines; `details` are keys of the object."""
    subject = account.get("customer", customer)
    # A customer takes on the currency of the first invoice, and keeps it.
    if not subject["currency"] and not account.is_deleted("customer", customer):
        subject = account.change(subject, {"currency": "usd"}, "customer.updated")
    invoice = invoice_objects.invoice(account, invoice_id, subject, lines) | details
    return account.create(invoice, "invoice.created")


@happening
def finalize(account: Account, invoice: str) -> Json:
    """Open a draft, with a payment intent; one of nothing is paid at once."""
    subject = _in_state(account, invoice, ("draft",), "finalize")
    # Numbers are given when invoices open: drafts that are thrown away leave no gap.
    number = 1 + sum(
        1 for other in account.all("invoice", customer=subject["customer"]) if other["number"]
    )
    prefix = account.get("customer", subject["customer"])["invoice_prefix"]
    changes = _times(account, subject, "finalized_at") | {
        "automatically_finalizes_at": None,
        "effective_at": account.now,
        "ending_balance": 0,
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{invoice}",
        "invoice_pdf": f"https://pay.stripe.com/invoice/{invoice}/pdf",
        "number": f"{prefix}-{number:04}",
        "rendering": subject["rendering"] | {"pdf": {"page_size": "letter"}},
        "status": "open",
    }
    # There is nothing to take for an invoice of nothing, so it gets no payment intent.
    if subject["amount_due"] > 0:
        _bring_intent(account, subject)
        return account.change(subject, changes, "invoice.updated", "invoice.finalized")
    free = changes | _paid(account, subject) | {"attempt_count": 0, "status": "paid"}
    free |= _times(account, subject, "finalized_at", "paid_at")
    events = ("invoice.updated", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded")
    return account.change(subject, free, *events)


@happening
def pay(account: Account, invoice: str, outcome: PaymentOutcome = "succeeded") -> Json:
    """Try to collect an open or uncollectible invoice."""
    _in_state(account, invoice, ("open", "uncollectible"), "pay")
    link = _link(account, invoice)
    intents.attempt(account, link["payment"]["payment_intent"], outcome)
    return follow(account, link["payment"]["payment_intent"]) or account.get("invoice", invoice)


@happening
def void(account: Account, invoice: str) -> Json:
    """Take an invoice back, with its payment intent."""
    subject = _in_state(account, invoice, ("open", "uncollectible"), "void")
    link = _link(account, invoice)
    intent = account.get("payment_intent", link["payment"]["payment_intent"])
    # Or somebody could still pay what nobody wants to be paid for any more.
    if intent["status"] in intents.CANCELABLE:
        intents.cancel(account, intent["id"], "void_invoice")
    times = link["status_transitions"] | {"canceled_at": account.now}
    account.change(link, {"status": "canceled", "status_transitions": times})
    changes = {"amount_remaining": subject["amount_remaining"], "auto_advance": False}
    changes |= {"next_payment_attempt": None, "status": "void"}
    changes |= _times(account, subject, "voided_at")
    return account.change(subject, changes, "invoice.updated", "invoice.voided")


@happening
def mark_uncollectible(account: Account, invoice: str) -> Json:
    """Stop hoping; it can still be paid."""
    subject = _in_state(account, invoice, ("open",), "mark uncollectible")
    changes = {"auto_advance": False, "next_payment_attempt": None, "status": "uncollectible"}
    changes |= _times(account, subject, "marked_uncollectible_at")
    return account.change(subject, changes, "invoice.updated", "invoice.marked_uncollectible")


def follow(account: Account, payment_intent: str) -> Json | None:
    """Let the invoice that a payment intent pays, if any, take note of the intent's state."""
    invoice = invoice_of(account, payment_intent)
    # One that was paid or voided meanwhile is final, whatever becomes of the payment.
    if invoice is None or invoice["status"] not in ("open", "uncollectible"):
        return invoice
    intent = account.get("payment_intent", payment_intent)
    if intent["status"] == "succeeded":
        return _settle(account, invoice)
    if intent["status"] == "processing":
        subscription_status.invoice_processing(account, invoice)
        return invoice
    count = invoice["attempt_count"]
    wait = RETRY_DAYS[count] * DAY if count < len(RETRY_DAYS) else None
    needs_action = intent["status"] == "requires_action"
    event = "invoice.payment_action_required" if needs_action else "invoice.payment_failed"
    tried: Json = {"attempt_count": count + 1, "attempted": True}
    if invoice["status"] == "open":
        tried["next_payment_attempt"] = account.now + wait if wait else None
    invoice = account.change(invoice, tried, "invoice.updated", event)
    subscription_status.invoice_failed(account, invoice)
    return invoice


def invoice_of(account: Account, payment_intent: str) -> Json | None:
    """Return the invoice that a payment intent pays."""
    for link in account.all("invoice_payment"):
        if link["payment"]["payment_intent"] == payment_intent:
            return account.get("invoice", link["invoice"])
    return None


def _bring_intent(account: Account, invoice: Json) -> None:
    intent = money_objects.payment_intent(account, invoice["amount_due"], invoice["currency"])
    # The link is there first: in the old shape, the intent names its invoice from the start.
    account.create(invoice_objects.invoice_payment(account, invoice, intent["id"]))
    about = {"customer": invoice["customer"], "description": "Payment for Invoice"}
    about["receipt_email"] = invoice["customer_email"]
    account.create(intent | about, "payment_intent.created")


def _settle(account: Account, invoice: Json) -> Json:
    changes = _paid(account, invoice) | _times(account, invoice, "paid_at")
    link = _link(account, invoice["id"])
    times = link["status_transitions"] | {"paid_at": account.now}
    paid: Json = {"amount_paid": invoice["amount_due"], "status": "paid"}
    events = ("invoice.updated", "invoice.paid", "invoice.payment_succeeded")
    invoice = account.change(invoice, changes, *events)
    account.change(link, {**paid, "status_transitions": times}, "invoice_payment.paid")
    subscription_status.invoice_paid(account, invoice)
    return invoice


def _paid(account: Account, invoice: Json) -> Json:
    return {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempt_count": invoice["attempt_count"] + 1,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "paid",
    }


def _times(account: Account, invoice: Json, *names: str) -> Json:
    return {"status_transitions": invoice["status_transitions"] | dict.fromkeys(names, account.now)}


def _link(account: Account, invoice: str) -> Json:
    return next(account.all("invoice_payment", invoice=invoice))


def _in_state(account: Account, invoice: str, states: tuple[str, ...], verb: str) -> Json:
    subject = account.get("invoice", invoice)
    if subject["status"] not in states:
        message = f"You cannot {verb} this invoice: its status is {subject['status']}."
        raise invalid(message, code="invoice_not_editable")
    return subject
