"""Wiring."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """Who works here: accounts, groups, second factor, lock-outs."""

    name = "payments_project.staff"
    label = "staff"
