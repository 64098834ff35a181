"""Prices. One that nobody defined is a monthly price of its own product."""

from webhooks.testing.fake_stripe import billing_objects
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account, happening

AMOUNT = 2900


@happening
def define(
    account: Account,
    price: str,
    *,
    amount: int = AMOUNT,
    interval: str | None = "month",
    product: str | None = None,
) -> Json:
    """Define a price per unit in minor units; without an interval, one for a single payment."""
    recurring: Json = {"interval": interval} if interval else {}
    product = product or account.new_id("prod")
    return account.create(billing_objects.price(account, price, product, amount, recurring))


@happening
def price(account: Account, wanted: str, *, interval: str | None = "month") -> Json:
    """Return the price of this id, made now when there is none."""
    # Made on demand: a test that needs some price should not have to define it first.
    if account.has("price", wanted):
        return account.get("price", wanted)
    return define(account, wanted, interval=interval)
