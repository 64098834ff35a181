"""The statuses that this code compares with, by the names that providers give them.

None of these lists is complete: providers add statuses, so columns and changes take any text.
"""

from enum import StrEnum


class SubscriptionStatus(StrEnum):
    """The status of a subscription. Most can be left and entered again."""

    # The first payment was not made yet; Stripe gives it 23 hours.
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"


class InvoiceStatus(StrEnum):
    """The status of an invoice; an uncollectible one can still be paid."""

    DRAFT = "draft"
    OPEN = "open"
    UNCOLLECTIBLE = "uncollectible"
    PAID = "paid"
    VOID = "void"


class PaymentIntentStatus(StrEnum):
    """The status of a payment. A failed attempt leads back to `requires_payment_method`."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    # The money is reserved, and taken only when we ask for it.
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class ChargeStatus(StrEnum):
    """The status of one attempt to take money. Refunds and disputes leave it as it is."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RefundStatus(StrEnum):
    """The status of a refund; one that succeeded can still fail."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class DisputeStatus(StrEnum):
    """The status of a dispute; one that was lost can still be won."""

    # An inquiry by the bank, which takes no money yet.
    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response"
    APPEAL_UNDER_REVIEW = "appeal_under_review"
    LOST = "lost"
    WON = "won"
    PREVENTED = "prevented"


class CheckoutStatus(StrEnum):
    """The status of a checkout session, its payment apart."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class CheckoutPaymentStatus(StrEnum):
    """The status of a checkout session's payment."""

    UNPAID = "unpaid"
    PAID = "paid"
    NO_PAYMENT_REQUIRED = "no_payment_required"


class PayoutStatus(StrEnum):
    """The status of a payout; one that was paid can still fail."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


class SetupIntentStatus(StrEnum):
    """The status of the saving of a way to pay; a failed attempt leads back to the first."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class CreditNoteStatus(StrEnum):
    """The status of a credit note."""

    ISSUED = "issued"
    VOID = "void"


class BalanceTransactionStatus(StrEnum):
    """The status of a movement of the balance: its money can be paid out, or not yet."""

    PENDING = "pending"
    AVAILABLE = "available"
