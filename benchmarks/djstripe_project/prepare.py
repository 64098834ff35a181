"""Create dj-stripe's tables, and the rows without which it would ask Stripe who owns an event."""

import os
from importlib import import_module

import django
from django.core.management import call_command

ENDPOINT_UUID = "5a1f9d0c-6f8e-4a53-9d0e-0d2b6c1f7a42"


def prepare() -> None:
    """Set dj-stripe's database up for its endpoint to verify and store events."""
    # Imported by name: the project's own environment, where types are checked, has no dj-stripe.
    models = import_module("djstripe.models")
    call_command("migrate", verbosity=0)
    owner = models.Account.objects.create(id="acct_benchmark", livemode=False)
    models.APIKey.objects.create(
        type="secret",
        secret=os.environ["STRIPE_TEST_SECRET_KEY"],
        livemode=False,
        djstripe_owner_account=owner,
    )
    models.WebhookEndpoint.objects.create(
        id="we_benchmark",
        api_version="2025-11-17.clover",
        djstripe_owner_account=owner,
        djstripe_uuid=ENDPOINT_UUID,
        enabled_events=["*"],
        livemode=False,
        secret=os.environ["STRIPE_WEBHOOK_SECRET"],
        status="enabled",
        url="https://payments.example/stripe/webhook/",
    )


if __name__ == "__main__":
    django.setup()
    prepare()
