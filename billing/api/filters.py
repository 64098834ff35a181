"""The query parameters that choose billing objects."""

import django_filters

from webhooks.api.filters import AccountFilter, ExactFilter, FlagFilter, MomentFilter


class ObjectFilters(django_filters.FilterSet):
    """The parameters of every list of objects."""

    provider = ExactFilter()
    account = AccountFilter()
    livemode = FlagFilter()
    in_doubt = FlagFilter()
    created_after = MomentFilter("created_at", "gte", label="Then or later.")
    created_before = MomentFilter("created_at", "lt", label="Before then.")


class CustomerFilters(ObjectFilters):
    """The parameters of the list of customers."""

    email = ExactFilter()


class PayoutFilters(ObjectFilters):
    """The parameters of the list of payouts."""

    status = ExactFilter()


class SubscriptionFilters(ObjectFilters):
    """The parameters of the list of subscriptions."""

    customer = ExactFilter("customer_id")
    status = ExactFilter()


class InvoiceFilters(SubscriptionFilters):
    """The parameters of the list of invoices."""

    subscription = ExactFilter("subscription_id")
    payment_intent = ExactFilter("payment_intent_id")
    charge = ExactFilter("charge_id")


class PaymentIntentFilters(SubscriptionFilters):
    """The parameters of the list of payments."""

    invoice = ExactFilter("invoice_id")


class ChargeFilters(PaymentIntentFilters):
    """The parameters of the list of charges."""

    payment_intent = ExactFilter("payment_intent_id")


class CheckoutSessionFilters(ChargeFilters):
    """The parameters of the list of checkout sessions."""

    subscription = ExactFilter("subscription_id")


class OfChargeFilters(ObjectFilters):
    """The parameters of the lists of refunds and of disputes."""

    charge = ExactFilter("charge_id")
    payment_intent = ExactFilter("payment_intent_id")
    status = ExactFilter()


class OfCustomerFilters(ObjectFilters):
    """The parameters of the list of payment methods."""

    customer = ExactFilter("customer_id")


class SetupIntentFilters(SubscriptionFilters):
    """The parameters of the list of setup intents."""

    payment_method = ExactFilter("payment_method_id")


class CreditNoteFilters(SubscriptionFilters):
    """The parameters of the list of credit notes."""

    invoice = ExactFilter("invoice_id")


class BalanceTransactionFilters(PayoutFilters):
    """The parameters of the list of balance transactions."""

    source = ExactFilter("source_id")


class PriceFilters(ObjectFilters):
    """The parameters of the list of prices."""

    product = ExactFilter("product_id")
    lookup_key = ExactFilter()


class PromotionCodeFilters(OfCustomerFilters):
    """The parameters of the list of promotion codes."""

    coupon = ExactFilter("coupon_id")


class DiscountFilters(PromotionCodeFilters):
    """The parameters of the list of discounts."""

    promotion_code = ExactFilter("promotion_code_id")
    subscription = ExactFilter("subscription_id")
    invoice = ExactFilter("invoice_id")
