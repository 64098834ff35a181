"""What is for sale, and for how much less."""

from dataclasses import dataclass
from typing import TypedDict

from billing.changes.base import UNKNOWN, Change, Flag, Integer, Moment, Text, Unknown


class PriceTier(TypedDict):
    """One step of a tiered price. Amounts are decimal texts in minor units; `up_to` is None in the
    last one."""

    up_to: int | None
    unit_amount: str
    flat_amount: str


@dataclass(frozen=True, kw_only=True)
class ProductChange(Change):
    """Something for sale."""

    object_type = "product"

    name: Text = UNKNOWN
    description: Text = UNKNOWN
    active: Flag = UNKNOWN
    default_price_id: Text = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class PriceChange(Change):
    """A product's price. `unit_amount_decimal` is exact, in minor units; `unit_amount` is None
    where that is not a whole number."""

    object_type = "price"

    product_id: Text = UNKNOWN
    active: Flag = UNKNOWN
    nickname: Text = UNKNOWN
    lookup_key: Text = UNKNOWN
    type: Text = UNKNOWN
    currency: Text = UNKNOWN
    unit_amount: Integer = UNKNOWN
    unit_amount_decimal: Text = UNKNOWN
    billing_scheme: Text = UNKNOWN
    # Known when the price was asked for: no event carries them.
    tiers: list[PriceTier] | Unknown = UNKNOWN
    tiers_mode: Text = UNKNOWN
    interval: Text = UNKNOWN
    interval_count: Integer = UNKNOWN
    usage_type: Text = UNKNOWN
    tax_behavior: Text = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class CouponChange(Change):
    """A reduction: by `percent_off`, as decimal text, or by `amount_off`."""

    object_type = "coupon"

    name: Text = UNKNOWN
    percent_off: Text = UNKNOWN
    amount_off: Integer = UNKNOWN
    currency: Text = UNKNOWN
    duration: Text = UNKNOWN
    duration_in_months: Integer = UNKNOWN
    max_redemptions: Integer = UNKNOWN
    times_redeemed: Integer = UNKNOWN
    redeem_by: Moment = UNKNOWN
    valid: Flag = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class PromotionCodeChange(Change):
    """A code that customers type in to have a coupon. With a customer it is that one's alone."""

    object_type = "promotion_code"

    code: Text = UNKNOWN
    coupon_id: Text = UNKNOWN
    customer_id: Text = UNKNOWN
    active: Flag = UNKNOWN
    max_redemptions: Integer = UNKNOWN
    times_redeemed: Integer = UNKNOWN
    expires_at: Moment = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class DiscountChange(Change):
    """A coupon as it is applied to a customer, a subscription or an invoice."""

    object_type = "discount"

    coupon_id: Text = UNKNOWN
    promotion_code_id: Text = UNKNOWN
    customer_id: Text = UNKNOWN
    subscription_id: Text = UNKNOWN
    invoice_id: Text = UNKNOWN
    started_at: Moment = UNKNOWN
    ends_at: Moment = UNKNOWN
