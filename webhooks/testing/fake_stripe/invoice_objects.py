"""An invoice, its lines and the links to what pays it, new."""

from webhooks.testing.fake_stripe.billing_objects import listed
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

MANUAL = "manual"


def line(
    account: Account, invoice_id: str, amount: int, period: tuple[int, int], item: Json | None
) -> Json:
    """Return a line over a period (start, end), of a subscription's item or of none."""
    details: Json = {"invoice_item": None, "proration": False, "proration_details": None}
    of_item = item and {
        **details,
        "subscription": item["subscription"],
        "subscription_item": item["id"],
    }
    of_none = {**details, "invoice_item": account.new_id("ii"), "subscription": None}
    return {
        "id": account.new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": "usd",
        "description": "Subscription" if item else "One-time item",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": account.livemode,
        "metadata": {},
        "parent": {
            "invoice_item_details": None if item else of_none,
            "subscription_item_details": of_item,
            "type": "subscription_item_details" if item else "invoice_item_details",
        },
        "period": {"end": period[1], "start": period[0]},
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": item["quantity"] if item else 1,
        "subtotal": amount,
        "taxes": [],
    }


def parent(subscription: Json) -> Json:
    """Return the `parent` by which an invoice names its subscription."""
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def invoice(account: Account, invoice_id: str, of_customer: Json, lines: list[Json]) -> Json:
    """Return a draft with these lines, not of a subscription."""
    amount = sum(each["amount"] for each in lines)
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Example",
        "account_tax_ids": None,
        "application": None,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "billing_reason": MANUAL,
        "created": account.now,
        "currency": "usd",
        "default_tax_rates": [],
        "discounts": [],
        "from_invoice": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listed(lines, f"/v1/invoices/{invoice_id}/lines"),
        "livemode": account.livemode,
        "metadata": {},
        "on_behalf_of": None,
        "parent": None,
        "period_end": account.now,
        "period_start": account.now,
        "shipping_details": None,
        "test_clock": None,
        "webhooks_delivered_at": None,
        **_addressee(of_customer),
        **_amounts(amount),
        **_collection(account.now),
        **_document(),
    }


def _document() -> Json:
    # Nothing to be shown to anybody yet: that comes when it is finalized.
    return {
        "custom_fields": None,
        "description": None,
        "footer": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "number": None,
        "receipt_number": None,
        "rendering": {
            "amount_tax_display": None,
            "pdf": {"page_size": "auto"},
            "template": None,
            "template_version": None,
        },
        "statement_descriptor": None,
    }


def _addressee(of_customer: Json) -> Json:
    # Copied: an invoice names who it was made out to, whatever the customer becomes later.
    return {
        "customer": of_customer["id"],
        "customer_account": None,
        "customer_address": None,
        "customer_email": of_customer["email"],
        "customer_name": of_customer["name"],
        "customer_phone": of_customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
    }


def _amounts(amount: int) -> Json:
    # Without taxes, discounts and credit: all sums are the sum of the lines.
    return {
        "amount_due": amount,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": amount,
        "amount_shipping": 0,
        "ending_balance": None,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "shipping_cost": None,
        "starting_balance": 0,
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_discount_amounts": [],
        "total_excluding_tax": amount,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def _collection(now: int) -> Json:
    # Stripe leaves a draft alone for an hour, for its owner to add to it.
    return {
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatically_finalizes_at": now + 3600,
        "collection_method": "charge_automatically",
        "default_payment_method": None,
        "default_source": None,
        "due_date": None,
        "effective_at": None,
        "next_payment_attempt": now + 3600,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
    }


def invoice_payment(account: Account, of_invoice: Json, payment_intent: str) -> Json:
    """Return the open link between an invoice and the payment intent that is to pay it."""
    return {
        "id": account.new_id("inpay"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": of_invoice["amount_due"],
        "created": account.now,
        "currency": of_invoice["currency"],
        "invoice": of_invoice["id"],
        "is_default": True,
        "livemode": account.livemode,
        "payment": {"payment_intent": payment_intent, "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
