"""What the books are kept by: credit notes, and every movement of the balance."""

from dataclasses import dataclass

from billing.changes.base import UNKNOWN, Change, Integer, Moment, Text


@dataclass(frozen=True, kw_only=True)
class CreditNoteChange(Change):
    """A reduction of an invoice after it was made final."""

    object_type = "credit_note"

    customer_id: Text = UNKNOWN
    invoice_id: Text = UNKNOWN
    number: Text = UNKNOWN
    status: Text = UNKNOWN
    type: Text = UNKNOWN
    reason: Text = UNKNOWN
    memo: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount: Integer = UNKNOWN
    subtotal: Integer = UNKNOWN
    total: Integer = UNKNOWN
    out_of_band_amount: Integer = UNKNOWN
    voided_at: Moment = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class BalanceTransactionChange(Change):
    """A movement of our balance at the provider: `net` is `amount` less `fee`.

    `source_id` names what moved it: a charge, a refund, a payout.
    """

    object_type = "balance_transaction"

    type: Text = UNKNOWN
    reporting_category: Text = UNKNOWN
    status: Text = UNKNOWN
    currency: Text = UNKNOWN
    amount: Integer = UNKNOWN
    fee: Integer = UNKNOWN
    net: Integer = UNKNOWN
    source_id: Text = UNKNOWN
    available_at: Moment = UNKNOWN
