"""Wiring."""

from importlib import import_module

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Turns events into billing state."""

    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Subscribe this app's handlers."""
        import_module("billing.receivers")
