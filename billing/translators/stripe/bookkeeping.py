"""Stripe's credit notes and balance transactions."""

from billing.changes import BalanceTransactionChange, CreditNoteChange
from billing.translators.fields import Node, integer, prose, reference, text
from billing.translators.moments import moment
from billing.translators.stripe.common import common


def credit_note(source: Node) -> CreditNoteChange:
    """Translate a credit note."""
    return CreditNoteChange(
        **common(source),
        customer_id=reference(source["customer"]),
        invoice_id=reference(source["invoice"]),
        number=text(source["number"]),
        status=text(source["status"]),
        type=text(source["type"]),
        reason=text(source["reason"]),
        memo=prose(source["memo"]),
        currency=text(source["currency"]),
        amount=integer(source["amount"]),
        subtotal=integer(source["subtotal"]),
        total=integer(source["total"]),
        out_of_band_amount=integer(source["out_of_band_amount"]),
        voided_at=moment(source["voided_at"]),
    )


def balance_transaction(source: Node) -> BalanceTransactionChange:
    """Translate a balance transaction."""
    return BalanceTransactionChange(
        **common(source),
        type=text(source["type"]),
        reporting_category=text(source["reporting_category"]),
        status=text(source["status"]),
        currency=text(source["currency"]),
        amount=integer(source["amount"]),
        fee=integer(source["fee"]),
        net=integer(source["net"]),
        source_id=reference(source["source"]),
        available_at=moment(source["available_on"]),
    )
