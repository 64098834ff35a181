"""Wiring."""

from django.apps import AppConfig
from django.core import checks


class WebhooksConfig(AppConfig):
    """Receives, proves, records and processes deliveries."""

    name = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks of this app's settings, and have logins recorded."""
        from webhooks.audit import logins
        from webhooks.checks import check_settings

        logins.connect()
        checks.register(check_settings, "webhooks")
