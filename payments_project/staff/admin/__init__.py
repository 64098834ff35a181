"""Screens of accounts and groups, and pages of one's own account."""

from payments_project.staff.admin import accounts, second_factor

__all__ = ["accounts", "second_factor"]
