"""A dispute, new, and the money that it moves."""

from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

DAY = 24 * 3600

EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def dispute(account: Account, of_charge: Json, amount: int, reason: str, status: str) -> Json:
    """Return a dispute over an amount of a charge, to be answered within a week."""
    card = {
        "brand": "visa",
        "case_type": "inquiry" if status.startswith("warning") else "chargeback",
        "network": "visa",
        "network_reason_code": "10.4",
    }
    return {
        "id": account.new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": of_charge["id"],
        "created": account.now,
        "currency": of_charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": account.now + 7 * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        # An inquiry has taken no money yet, so a refund may still settle it.
        "is_charge_refundable": status.startswith("warning"),
        "livemode": account.livemode,
        "metadata": {},
        "payment_intent": of_charge["payment_intent"],
        "payment_method_details": {"card": card, "type": "card"},
        "reason": reason,
        "status": status,
    }


def movement(account: Account, of_dispute: Json, amount: int) -> Json:
    """Return the balance transaction that takes a disputed amount (negative) or gives it back."""
    return {
        "id": account.new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": account.now,
        "balance_type": "payments",
        "created": account.now,
        "currency": of_dispute["currency"],
        "description": f"Chargeback for {of_dispute['charge']}",
        "exchange_rate": None,
        # The fee is taken with the money, and doesn't come back with it.
        "fee": 1500 if amount < 0 else 0,
        "fee_details": [],
        "net": amount - 1500 if amount < 0 else amount,
        "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
        "source": of_dispute["id"],
        "status": "available",
        "type": "adjustment",
    }
