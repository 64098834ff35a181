"""What PayPal's objects have in common: money, times, payers and what was given along."""

from collections.abc import Iterator

from billing.changes import (
    UNKNOWN,
    Change,
    CustomerChange,
    Integer,
    Metadata,
    Text,
)
from billing.translators.amounts import decimal_minor
from billing.translators.fields import (
    LONGEST,
    Node,
    currency,
    known,
    named,
    prose,
    text,
)
from billing.translators.moments import microseconds


def customer(source: Node) -> Iterator[Change]:
    """Yield a payer, of whom no event of its own tells."""
    if customer_id := known(named(source["payer_id"]), ""):
        names = [
            known(text(source["name"][each], limit=LONGEST), "")
            for each in ("given_name", "surname")
        ]
        yield CustomerChange(
            provider_id=customer_id,
            name=" ".join(filter(None, names)),
            email=text(source["email_address"], limit=512),
        )


def attached(source: Node) -> Metadata:
    """Return what whoever charges has given along, and the subscription that a sale is of."""
    names = {
        "custom_id": "custom_id",
        "custom": "custom_id",
        "billing_agreement_id": "subscription",
    }
    found = {
        ours: known(prose(source[theirs]), "") for theirs, ours in names.items() if theirs in source
    }
    return {name: value for name, value in found.items() if value} or UNKNOWN


def revision(source: Node) -> int | None:
    """Return when an object last changed, in microseconds; PayPal tells whole seconds."""
    return microseconds(source["update_time"])


def currency_of(money: Node) -> Text:
    """Return the currency of an amount, in small letters."""
    return currency(money["currency_code" if "currency_code" in money else "currency"])


def amount_of(money: Node) -> Integer:
    """Return an amount in minor units, exactly."""
    return decimal_minor(money["value" if "value" in money else "total"], currency_of(money))
