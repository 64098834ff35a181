"""Wiring."""

from importlib import import_module

from django.apps import AppConfig
from django.core import checks


class StaffConfig(AppConfig):
    """The app of those who work here: accounts, groups, second factor, lock-outs."""

    name = "payments_project.staff"
    label = "staff"

    def ready(self) -> None:
        """Have the logins of staff recorded, and register the check of this app's setting."""
        from payments_project.checks import check_deployment
        from payments_project.staff.checks import check_second_factor, check_settings
        from webhooks.audit import logins

        # Here, and not in webhooks: a project that only adopts webhooks has its own users, and
        # its own mind about keeping a record of them.
        logins.connect()
        checks.register(check_settings, "staff")
        checks.register(check_second_factor, "staff", deploy=True)
        import_module("payments_project.alert_rules")
        # The project is no app that could be made ready, and this one is at home nowhere else.
        checks.register(check_deployment, "payments_project", deploy=True)
