"""Which billing objects."""

import django_filters

from webhooks.api.filters import AccountFilter, FlagFilter, MomentFilter, TextFilter


class ObjectFilters(django_filters.FilterSet):
    """What every object can be chosen by."""

    account = AccountFilter()
    livemode = FlagFilter()
    created_after = MomentFilter("created_at", "gte", label="Then or later.")
    created_before = MomentFilter("created_at", "lt", label="Before then.")


class CustomerFilters(ObjectFilters):
    """Which customers."""

    email = TextFilter()


class PayoutFilters(ObjectFilters):
    """Which payouts."""

    status = TextFilter()


class SubscriptionFilters(ObjectFilters):
    """Which subscriptions."""

    customer = TextFilter("customer_id")
    status = TextFilter()


class InvoiceFilters(SubscriptionFilters):
    """Which invoices."""

    subscription = TextFilter("subscription_id")
    payment_intent = TextFilter("payment_intent_id")
    charge = TextFilter("charge_id")


class PaymentIntentFilters(SubscriptionFilters):
    """Which payments."""

    invoice = TextFilter("invoice_id")


class ChargeFilters(PaymentIntentFilters):
    """Which charges."""

    payment_intent = TextFilter("payment_intent_id")


class CheckoutSessionFilters(ChargeFilters):
    """Which checkout sessions."""

    subscription = TextFilter("subscription_id")


class OfChargeFilters(ObjectFilters):
    """Which refunds or disputes."""

    charge = TextFilter("charge_id")
    payment_intent = TextFilter("payment_intent_id")
    status = TextFilter()
