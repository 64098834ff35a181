"""Wiring."""

from importlib import import_module

from django.apps import AppConfig
from django.core import checks


class BillingConfig(AppConfig):
    """Turns events into billing state."""

    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Subscribe this app's handlers, have its history sealed, register rule, gauges, checks."""
        from billing.checks import check_settings

        # For what they register: nobody else imports them before the first event.
        import_module("billing.alert_rules")
        import_module("billing.audit_tables")
        import_module("billing.gauges")
        import_module("billing.receivers")
        checks.register(check_settings, "billing")
