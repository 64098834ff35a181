"""Wiring."""

from importlib import import_module

from django.apps import AppConfig
from django.core import checks


class WebhooksConfig(AppConfig):
    """Receives, proves, records and processes deliveries."""

    name = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks of this app's settings, and the project's own providers.

        Raises `ImproperlyConfigured` for a provider that can't be had.
        """
        # Here, as models can't be imported before every app has loaded.
        from webhooks.alerts.delivery_rules import take_alarm
        from webhooks.checks.alerts import check_alert_addresses, check_alerts
        from webhooks.checks.api_key import check_api_key, check_data, check_use
        from webhooks.checks.secrets import check_secrets, check_strength
        from webhooks.checks.settings import check_settings
        from webhooks.checks.traces import check_traces
        from webhooks.intake.column_check import check_event_columns
        from webhooks.providers.registry import register_named
        from webhooks.signals import alarm_raised

        register_named()
        # For the rules that it registers.
        import_module("webhooks.alerts.rules")
        alarm_raised.connect(take_alarm)
        checks.register(check_settings, "webhooks")
        checks.register(check_event_columns, "webhooks")
        checks.register(check_secrets, "webhooks")
        checks.register(check_api_key, "webhooks")
        checks.register(check_alerts, "webhooks")
        checks.register(check_traces, "webhooks")
        checks.register(check_strength, "webhooks", deploy=True)
        checks.register(check_alert_addresses, "webhooks", deploy=True)
        checks.register(check_use, "webhooks", deploy=True)
        # With this tag only where a database is at hand: `check` alone must not need one.
        checks.register(check_data, checks.Tags.database)
