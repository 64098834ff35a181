"""Let operators see idempotency keys, which have a screen from now on."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import QuerySet


def operators_and_permission(
    apps: Apps, editor: BaseDatabaseSchemaEditor
) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """Return the group, if it still has its name, and the permission: each in a list of one."""
    database = editor.connection.alias
    groups = apps.get_model("auth", "Group").objects.using(database)
    permissions = apps.get_model("auth", "Permission").objects.using(database)
    return groups.filter(name="Operator"), permissions.filter(
        content_type__app_label="billing", codename="view_idempotencykey"
    )


def grant(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    groups, permissions = operators_and_permission(apps, editor)
    for group in groups:
        group.permissions.add(*permissions)


def withdraw(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    groups, permissions = operators_and_permission(apps, editor)
    for group in groups:
        group.permissions.remove(*permissions)


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0002_forget_unconfirmed_authenticators"),
        ("billing", "0001_initial"),
    ]

    operations = [migrations.RunPython(grant, withdraw)]
