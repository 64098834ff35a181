"""A checkout session and a session of the billing portal, new."""

from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

DAY = 24 * 3600


def checkout_session(account: Account, mode: str, amount: int | None) -> Json:
    """Return an open session in a mode (`payment`, `subscription`, `setup`), for a day."""
    own_id = account.new_id("cs_live" if account.livemode else "cs_test")
    return {
        "id": own_id,
        "object": "checkout.session",
        "adaptive_pricing": None,
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": None,
        "client_reference_id": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": account.now,
        "currency": "usd" if amount is not None else None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None,
        "customer_account": None,
        "customer_creation": None,
        "customer_details": None,
        "customer_email": None,
        "discounts": [],
        "expires_at": account.now + DAY,
        "invoice": None,
        "invoice_creation": None,
        "livemode": account.livemode,
        "locale": None,
        "metadata": {},
        "mode": mode,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "always",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required" if amount in (0, None) else "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": f"https://checkout.stripe.com/c/pay/{own_id}",
        "wallet_options": None,
    }


def portal_session(account: Account, of_customer: str, return_url: str | None) -> Json:
    """Return a link for a customer to manage what they pay for."""
    own_id = account.new_id("bps")
    return {
        "id": own_id,
        "object": "billing_portal.session",
        "configuration": "bpc_1MAhNDLkdIwHu7ixckACO1Jq",
        "created": account.now,
        "customer": of_customer,
        "customer_account": None,
        "flow": None,
        "livemode": account.livemode,
        "locale": None,
        "on_behalf_of": None,
        "return_url": return_url,
        "url": f"https://billing.stripe.com/p/session/{own_id}",
    }
