"""Stripe's products, prices, coupons, promotion codes and discounts."""

from billing.changes import (
    UNKNOWN,
    CouponChange,
    DiscountChange,
    PriceChange,
    PriceTier,
    ProductChange,
    PromotionCodeChange,
    Text,
    Unknown,
)
from billing.translators.amounts import decimal
from billing.translators.fields import Node, boolean, first, integer, known, prose, reference, text
from billing.translators.moments import moment
from billing.translators.stripe.common import common


def product(source: Node) -> ProductChange:
    """Translate a product."""
    return ProductChange(
        **common(source),
        name=prose(source["name"]),
        description=prose(source["description"]),
        active=boolean(source["active"]),
        default_price_id=reference(source["default_price"]),
    )


def price(source: Node) -> PriceChange:
    """Translate a price."""
    recurring = source["recurring"]
    return PriceChange(
        **common(source),
        product_id=reference(source["product"]),
        active=boolean(source["active"]),
        nickname=prose(source["nickname"]),
        lookup_key=text(source["lookup_key"]),
        type=text(source["type"]),
        currency=text(source["currency"]),
        unit_amount=integer(source["unit_amount"]),
        unit_amount_decimal=decimal(source["unit_amount_decimal"]),
        billing_scheme=text(source["billing_scheme"]),
        tiers=_tiers(source),
        tiers_mode=text(source["tiers_mode"]),
        interval=text(recurring["interval"]),
        interval_count=integer(recurring["interval_count"]),
        usage_type=text(recurring["usage_type"]),
        tax_behavior=text(source["tax_behavior"]),
    )


def plan(source: Node) -> PriceChange:
    """Translate a plan, which is what a recurring price was called before 2020; both are sent."""
    return PriceChange(
        **common(source),
        product_id=reference(source["product"]),
        active=boolean(source["active"]),
        nickname=prose(source["nickname"]),
        type="recurring",
        currency=text(source["currency"]),
        unit_amount=integer(source["amount"]),
        unit_amount_decimal=decimal(source["amount_decimal"]),
        billing_scheme=text(source["billing_scheme"]),
        tiers=_tiers(source),
        tiers_mode=text(source["tiers_mode"]),
        interval=text(source["interval"]),
        interval_count=integer(source["interval_count"]),
        usage_type=text(source["usage_type"]),
    )


def coupon(source: Node) -> CouponChange:
    """Translate a coupon."""
    return CouponChange(
        **common(source),
        name=prose(source["name"]),
        percent_off=decimal(source["percent_off"]),
        amount_off=integer(source["amount_off"]),
        currency=text(source["currency"]),
        duration=text(source["duration"]),
        duration_in_months=integer(source["duration_in_months"]),
        max_redemptions=integer(source["max_redemptions"]),
        times_redeemed=integer(source["times_redeemed"]),
        redeem_by=moment(source["redeem_by"]),
        valid=boolean(source["valid"]),
    )


def promotion_code(source: Node) -> PromotionCodeChange:
    """Translate a promotion code, in the shape before 2025-09-30 (clover) and after."""
    return PromotionCodeChange(
        **common(source),
        code=prose(source["code"]),
        coupon_id=first(reference(source["promotion"]["coupon"]), reference(source["coupon"])),
        customer_id=reference(source["customer"]),
        active=boolean(source["active"]),
        max_redemptions=integer(source["max_redemptions"]),
        times_redeemed=integer(source["times_redeemed"]),
        expires_at=moment(source["expires_at"]),
    )


def discount(source: Node) -> DiscountChange:
    """Translate a discount, in the shape before 2025-09-30 (clover) and after."""
    return DiscountChange(
        **common(source),
        coupon_id=first(reference(source["source"]["coupon"]), reference(source["coupon"])),
        promotion_code_id=reference(source["promotion_code"]),
        customer_id=reference(source["customer"]),
        subscription_id=reference(source["subscription"]),
        invoice_id=reference(source["invoice"]),
        started_at=moment(source["start"]),
        ends_at=moment(source["end"]),
    )


def _tiers(source: Node) -> list[PriceTier] | Unknown:
    if "tiers" not in source:
        return UNKNOWN
    return [
        PriceTier(
            up_to=known(integer(tier["up_to"]), None),
            unit_amount=_exact(tier, "unit_amount"),
            flat_amount=_exact(tier, "flat_amount"),
        )
        for tier in source["tiers"]
    ]


def _exact(tier: Node, name: str) -> str:
    # The whole number is null where the amount is not one.
    whole = known(integer(tier[name]), None)
    exact: Text = decimal(tier[f"{name}_decimal"])
    return known(exact, "") or ("" if whole is None else str(whole))
