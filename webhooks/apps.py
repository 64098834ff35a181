"""Wiring."""

from django.apps import AppConfig
from django.core import checks


class WebhooksConfig(AppConfig):
    """Receives, proves, records and processes deliveries."""

    name = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks of this app's settings."""
        from webhooks.checks import check_settings

        checks.register(check_settings, "webhooks")
