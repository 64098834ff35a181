"""New objects that move money: payment intents, charges, refunds, disputes, payouts.
Amounts in minor units, times in unix seconds."""

from webhooks.testing.fake_stripe.billing_objects import NOWHERE
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

DAY = 24 * 3600


def payment_intent(account: Account, amount: int, currency: str) -> Json:
    """Return a payment that waits for a way to pay."""
    own_id = account.new_id("pi")
    return {
        "id": own_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{own_id}_secret_{account.new_id('x')[2:]}",
        "confirmation_method": "automatic",
        "created": account.now,
        "currency": currency,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": account.livemode,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def charge(account: Account, intent: Json, status: str) -> Json:
    """Return a try at a payment: `succeeded`, `failed` or `pending`."""
    worked = status != "failed"
    captured = status == "succeeded" and intent["capture_method"] != "manual"
    amount = intent["amount"]
    return {
        "id": account.new_id("ch"),
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if captured else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": account.new_id("txn") if captured else None,
        "calculated_statement_descriptor": "EXAMPLE",
        "captured": captured,
        "created": account.now,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": account.livemode,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
        **_failure(worked),
        **_payer(intent),
    }


def _failure(worked: bool) -> Json:
    return {
        "failure_balance_transaction": None,
        "failure_code": None if worked else "card_declined",
        "failure_message": None if worked else "Your card was declined.",
        "outcome": _outcome(worked),
    }


def _payer(intent: Json) -> Json:
    # Copied from the intent, which may be tried again with another method.
    return {
        "billing_details": {
            "address": dict(NOWHERE),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "customer": intent["customer"],
        "payment_method": intent["payment_method"],
        "payment_method_details": _paid_by(intent["payment_method_types"][0]),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
    }


def _outcome(worked: bool) -> Json:
    return {
        "advice_code": None if worked else "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None if worked else "05",
        "network_status": "approved_by_network" if worked else "declined_by_network",
        "reason": None if worked else "generic_decline",
        "seller_message": "Payment complete." if worked else "The bank declined the payment.",
        "type": "authorized" if worked else "issuer_declined",
    }


def _paid_by(kind: str) -> Json:
    if kind != "card":
        return {"type": kind, kind: {"bank_code": None, "last4": "3000"}}
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    card = {
        "brand": "visa",
        "checks": checks,
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": "Xt5EWLLDS7FJjR1c",
        "funding": "credit",
        "installments": None,
        "last4": "4242",
        "mandate": None,
        "network": "visa",
        "three_d_secure": None,
        "wallet": None,
    }
    return {"card": card, "type": "card"}


def refund(account: Account, of_charge: Json, amount: int, status: str) -> Json:
    """Return money on its way back, `pending` or `succeeded`."""
    return {
        "id": account.new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": account.new_id("txn"),
        "charge": of_charge["id"],
        "created": account.now,
        "currency": of_charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": of_charge["payment_intent"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def payout(account: Account, amount: int, currency: str) -> Json:
    """Return money that is to go to the bank in two days."""
    return {
        "id": account.new_id("po"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": account.now + 2 * DAY,
        "automatic": True,
        "balance_transaction": account.new_id("txn"),
        "created": account.now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": account.new_id("ba"),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": account.livemode,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }
