"""New objects of a subscription business: customers, prices, subscriptions.
Amounts in minor units, times in unix seconds."""

from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

NOWHERE: Json = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}


def listed(data: list[Json], url: str) -> Json:
    """Return a list object as it stands within another object."""
    return {"object": "list", "data": data, "has_more": False, "url": url}


def customer(account: Account) -> Json:
    """Return a customer of whom nothing is known."""
    return {
        "id": account.new_id("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": account.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": account.new_id("x")[2:10].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": account.livemode,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def price(account: Account, price_id: str, product: str, amount: int, recurring: Json) -> Json:
    """Return a price per unit; `recurring` (`interval`, `interval_count`) is empty for one
    payment."""
    details = {"interval_count": 1, "meter": None, "trial_period_days": None} | recurring
    return {
        "id": price_id,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": account.now,
        "currency": "usd",
        "custom_unit_amount": None,
        "livemode": account.livemode,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product,
        "recurring": {"usage_type": "licensed", **details} if recurring else None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }


def plan(of_price: Json) -> Json:
    """Return the plan that stands beside a recurring price."""
    recurring = of_price["recurring"]
    return {
        "id": of_price["id"],
        "object": "plan",
        "active": True,
        "amount": of_price["unit_amount"],
        "amount_decimal": of_price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": of_price["created"],
        "currency": of_price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": of_price["livemode"],
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": of_price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def subscription_item(
    account: Account, subscription: str, of_price: Json, quantity: int, period: tuple[int, int]
) -> Json:
    """Return one price of a subscription, with its current period (start, end)."""
    return {
        "id": account.new_id("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": account.now,
        "current_period_end": period[1],
        "current_period_start": period[0],
        "discounts": [],
        "metadata": {},
        "plan": plan(of_price),
        "price": of_price,
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": [],
    }


def subscription(account: Account, subscription_id: str, of_customer: str) -> Json:
    """Return an incomplete subscription without items."""
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": account.now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "billing_thresholds": None,
        "created": account.now,
        "currency": "usd",
        "customer": of_customer,
        "customer_account": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "items": listed([], f"/v1/subscription_items?subscription={subscription_id}"),
        "latest_invoice": None,
        "livemode": account.livemode,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": account.now,
        "status": "incomplete",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
        **_cancellation(),
        **_collection(),
    }


def _cancellation() -> Json:
    return {
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "ended_at": None,
    }


def _collection() -> Json:
    return {
        "collection_method": "charge_automatically",
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
    }
