"""Objects of Stripe's catalog, saved ways to pay and books, as small as they may be."""

from typing import Any

Json = dict[str, Any]


def credit_note(created: int) -> Json:
    return {
        "id": "cn_1",
        "object": "credit_note",
        "created": created,
        "customer": "cus_1",
        "invoice": "in_1",
        "number": "F-0001-CN-01",
        "status": "issued",
        "type": "post_payment",
        "reason": "order_change",
        "memo": "One seat less",
        "currency": "eur",
        "amount": 300,
        "subtotal": 250,
        "total": 300,
        "out_of_band_amount": None,
        "voided_at": None,
        "metadata": {},
    }


def balance_transaction(created: int) -> Json:
    return {
        "id": "txn_1",
        "object": "balance_transaction",
        "created": created,
        "type": "charge",
        "reporting_category": "charge",
        "status": "pending",
        "currency": "eur",
        "amount": 1800,
        "fee": 82,
        "net": 1718,
        "source": "ch_1",
        "available_on": created + 604_800,
    }


def payment_method(created: int) -> Json:
    return {
        "id": "pm_1",
        "object": "payment_method",
        "created": created,
        "customer": "cus_1",
        "type": "card",
        "card": {
            "brand": "visa",
            "funding": "credit",
            "last4": "4242",
            "exp_month": 12,
            "exp_year": 2031,
        },
        "metadata": {},
    }


def setup_intent(created: int) -> Json:
    return {
        "id": "seti_1",
        "object": "setup_intent",
        "created": created,
        "customer": "cus_1",
        "payment_method": "pm_1",
        "status": "succeeded",
        "usage": "off_session",
        "cancellation_reason": None,
        "last_setup_error": None,
        "metadata": {},
    }


def product(created: int) -> Json:
    return {
        "id": "prod_1",
        "object": "product",
        "created": created,
        "name": "Gold",
        "description": "Everything, always",
        "active": True,
        "default_price": "price_1",
        "metadata": {},
    }


def price(created: int) -> Json:
    return {
        "id": "price_1",
        "object": "price",
        "created": created,
        "product": "prod_1",
        "active": True,
        "nickname": "Gold, monthly",
        "lookup_key": "gold_monthly",
        "type": "recurring",
        "currency": "eur",
        "unit_amount": 1500,
        "unit_amount_decimal": "1500",
        "billing_scheme": "per_unit",
        "tiers_mode": None,
        "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
        "tax_behavior": "exclusive",
        "metadata": {},
    }


def coupon(created: int) -> Json:
    return {
        "id": "SPRING",
        "object": "coupon",
        "created": created,
        "name": "Spring",
        "percent_off": 12.5,
        "amount_off": None,
        "currency": None,
        "duration": "repeating",
        "duration_in_months": 3,
        "max_redemptions": 100,
        "times_redeemed": 2,
        "redeem_by": created + 86_400,
        "valid": True,
        "metadata": {},
    }


def promotion_code(created: int) -> Json:
    return {
        "id": "promo_1",
        "object": "promotion_code",
        "created": created,
        "code": "HELLO",
        "promotion": {"type": "coupon", "coupon": "SPRING"},
        "customer": None,
        "active": True,
        "max_redemptions": None,
        "times_redeemed": 0,
        "expires_at": created + 86_400,
        "metadata": {},
    }


def discount(created: int) -> Json:
    return {
        "id": "di_1",
        "object": "discount",
        "source": {"type": "coupon", "coupon": "SPRING"},
        "promotion_code": "promo_1",
        "customer": "cus_1",
        "subscription": "sub_1",
        "invoice": None,
        "start": created,
        "end": created + 86_400,
    }
