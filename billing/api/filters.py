"""Which billing objects."""

import django_filters

from webhooks.api.filters import AccountFilter, ExactFilter, FlagFilter, MomentFilter


class ObjectFilters(django_filters.FilterSet):
    """What every object can be chosen by."""

    account = AccountFilter()
    livemode = FlagFilter()
    created_after = MomentFilter("created_at", "gte", label="Then or later.")
    created_before = MomentFilter("created_at", "lt", label="Before then.")


class CustomerFilters(ObjectFilters):
    """Which customers."""

    email = ExactFilter()


class PayoutFilters(ObjectFilters):
    """Which payouts."""

    status = ExactFilter()


class SubscriptionFilters(ObjectFilters):
    """Which subscriptions."""

    customer = ExactFilter("customer_id")
    status = ExactFilter()


class InvoiceFilters(SubscriptionFilters):
    """Which invoices."""

    subscription = ExactFilter("subscription_id")
    payment_intent = ExactFilter("payment_intent_id")
    charge = ExactFilter("charge_id")


class PaymentIntentFilters(SubscriptionFilters):
    """Which payments."""

    invoice = ExactFilter("invoice_id")


class ChargeFilters(PaymentIntentFilters):
    """Which charges."""

    payment_intent = ExactFilter("payment_intent_id")


class CheckoutSessionFilters(ChargeFilters):
    """Which checkout sessions."""

    subscription = ExactFilter("subscription_id")


class OfChargeFilters(ObjectFilters):
    """Which refunds or disputes."""

    charge = ExactFilter("charge_id")
    payment_intent = ExactFilter("payment_intent_id")
    status = ExactFilter()
