"""Handlers that leak."""

import json

from django.apps import AppConfig
from django.conf import settings
from django.db import connection

from webhooks.events import Event


class LeakingConfig(AppConfig):
    """Subscribes them."""

    name = "tests.leaking"

    def ready(self) -> None:
        """Subscribe them."""
        from webhooks.signals import on

        on("stripe", "leak.raised")(tell)
        on("stripe", "leak.asked")(ask)


def tell(event: Event) -> None:
    """Fail, and tell everything there is."""
    raise ValueError(json.dumps(event.payload), settings.STRIPE_API_KEY, settings.DATABASES)


def ask(event: Event) -> None:
    """Have the database tell it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nothing WHERE 'x' = %s", [json.dumps(event.payload)])
