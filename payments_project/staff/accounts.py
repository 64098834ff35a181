"""The rights of accounts and groups, and the record of who changed them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission, User

from webhooks.audit import record, subject_of
from webhooks.models import AuditEntry

Rights = dict[str, Any]


def rights_of_user(user: User) -> Rights:
    """Return everything stored that decides what an account may do."""
    return {
        "username": user.get_username(),
        "active": user.is_active,
        "staff": user.is_staff,
        "superuser": user.is_superuser,
        "groups": sorted(user.groups.values_list("name", flat=True)),
        "permissions": _names(user.user_permissions),
    }


def rights_of_group(group: Group) -> Rights:
    """Return what the members of a group may do."""
    return {"name": group.name, "permissions": _names(group.permissions)}


def record_change(
    subject: User | Group, before: Rights, after: Rights, *, actor: str, now: datetime
) -> None:
    """Put on record what differs, from what to what. Nothing when nothing does."""
    names = sorted({*before, *after})
    changed = {
        name: [before.get(name), after.get(name)]
        for name in names
        if before.get(name) != after.get(name)
    }
    # Saving a form without a change happens all the time, and would bury what counts.
    if changed:
        _record(subject, {"changed": changed}, actor, now)


def record_new_password(user: User, *, actor: str, now: datetime) -> None:
    """Put on record that an account has a new password, or none any more."""
    _record(user, {"password": "changed"}, actor, now)


def _record(subject: User | Group, details: Rights, actor: str, now: datetime) -> None:
    record(
        AuditEntry.Action.PERMISSIONS,
        actor=actor,
        now=now,
        subject=subject_of(subject),
        details={"name": str(subject), **details},
    )


def _names(permissions: Any) -> list[str]:
    # Names, not keys: the trail outlives the rows, and must be read without them.
    found: Iterable[Permission] = permissions.select_related("content_type")
    return sorted(f"{each.content_type.app_label}.{each.codename}" for each in found)
