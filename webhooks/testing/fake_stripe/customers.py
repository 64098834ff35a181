"""Events in the life of customers."""

from webhooks.testing.fake_stripe import billing_objects, subscriptions
from webhooks.testing.fake_stripe.shapes import Json, detailed
from webhooks.testing.fake_stripe.world import Account, happening


@happening
def create(account: Account, /, **details: object) -> Json:
    """Create a customer; `details` are keys of the object."""
    return account.create(detailed(billing_objects.customer(account), details), "customer.created")


@happening
def update(account: Account, /, customer: str, **details: object) -> Json:
    """Change keys of a customer."""
    subject = account.present("customer", customer)
    return account.change(subject, detailed(subject, details), "customer.updated")


@happening
def delete(account: Account, customer: str) -> Json:
    """Delete a customer; subscriptions that run are cancelled first, as Stripe does."""
    subject = account.present("customer", customer)
    # First, so that their events come before the one that ends the customer.
    for subscription in account.all("subscription", customer=customer):
        if subscription["status"] not in subscriptions.ENDED:
            subscriptions.cancel(account, subscription["id"])
    account.delete(subject, "customer.deleted")
    return {"id": customer, "object": "customer", "deleted": True}
