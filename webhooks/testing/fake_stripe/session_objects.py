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
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "client_reference_id": None,
        "client_secret": None,
        "collected_information": None,
        "created": account.now,
        "discounts": [],
        "expires_at": account.now + DAY,
        "invoice": None,
        "invoice_creation": None,
        "livemode": account.livemode,
        "metadata": {},
        "mode": mode,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "always",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "permissions": None,
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "subscription": None,
        "wallet_options": None,
        **_money(amount),
        **_customer(),
        **_page(own_id),
    }


def _money(amount: int | None) -> Json:
    # In setup mode, and where a trial comes first, there is nothing to pay.
    return {
        "amount_subtotal": amount,
        "amount_total": amount,
        "currency": "usd" if amount is not None else None,
        "currency_conversion": None,
        "payment_status": "no_payment_required" if amount in (0, None) else "unpaid",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    }


def _customer() -> Json:
    return {
        "customer": None,
        "customer_account": None,
        "customer_creation": None,
        "customer_details": None,
        "customer_email": None,
    }


def _page(own_id: str) -> Json:
    return {
        "after_expiration": None,
        "allow_promotion_codes": None,
        "billing_address_collection": None,
        "cancel_url": None,
        "consent": None,
        "consent_collection": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "locale": None,
        "phone_number_collection": {"enabled": False},
        "submit_type": None,
        "success_url": None,
        "ui_mode": "hosted",
        "url": f"https://checkout.stripe.com/c/pay/{own_id}",
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
