"""The columns of lists of billing objects, here and on other pages: what matters most of each."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from billing import models, statuses

# Few enough to be read side by side; everything else is on the page of the object.
COLUMNS: Final[Mapping[type[models.ProviderObject], tuple[str, ...]]] = {
    models.Customer: ("email", "name", "balance", "delinquent"),
    models.Subscription: (
        *("status", "customer_id", "current_period_end"),
        *("cancel_at_period_end", "ended_at"),
    ),
    models.Invoice: ("status", "number", "customer_id", "total", "amount_paid", "paid_at"),
    models.PaymentIntent: ("status", "customer_id", "amount", "amount_received", "error_code"),
    models.Charge: (
        *("status", "customer_id", "amount", "amount_refunded"),
        *("disputed", "failure_code"),
    ),
    models.Refund: ("status", "charge_id", "amount", "reason", "failure_reason"),
    models.Dispute: ("status", "charge_id", "amount", "reason", "evidence_due_at"),
    models.CheckoutSession: (
        *("status", "payment_status", "customer_id"),
        *("client_reference_id", "amount_total"),
    ),
    models.Payout: ("status", "amount", "arrival_at", "method", "failure_code"),
    models.CreditNote: ("status", "number", "invoice_id", "customer_id", "amount", "reason"),
    models.BalanceTransaction: ("status", "type", "amount", "fee", "net", "source_id"),
    models.PaymentMethod: ("type", "card_brand", "card_last4", "exp_month", "exp_year"),
    models.SetupIntent: ("status", "customer_id", "payment_method_id", "error_code"),
    models.Product: ("name", "active", "default_price_id"),
    models.Price: ("product_id", "active", "unit_amount", "interval", "lookup_key"),
    models.Coupon: ("name", "percent_off", "amount_off", "duration", "valid"),
    models.PromotionCode: ("code", "coupon_id", "customer_id", "active", "times_redeemed"),
    models.Discount: ("coupon_id", "customer_id", "subscription_id", "ends_at"),
}

# The others have no status.
STATES: Final[Mapping[type[models.ProviderObject], type[StrEnum]]] = {
    models.Subscription: statuses.SubscriptionStatus,
    models.Invoice: statuses.InvoiceStatus,
    models.PaymentIntent: statuses.PaymentIntentStatus,
    models.Charge: statuses.ChargeStatus,
    models.Refund: statuses.RefundStatus,
    models.Dispute: statuses.DisputeStatus,
    models.CheckoutSession: statuses.CheckoutStatus,
    models.Payout: statuses.PayoutStatus,
    models.CreditNote: statuses.CreditNoteStatus,
    models.BalanceTransaction: statuses.BalanceTransactionStatus,
    models.SetupIntent: statuses.SetupIntentStatus,
}
