"""Alerts for the groups that staff begin with: to see for who sees events, to handle for who may
have failed ones ignored. A group that was changed so that it may do neither stays as it is."""

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLES = ("Support", "Operator", "Auditor")
GIVEN = {"view_webhookevent": "view_alert", "ignore_webhookevent": "handle_alert"}


def give(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    database = editor.connection.alias
    # On a fresh database Django makes permissions only after the last migration.
    app = apps.get_app_config("webhooks")
    app.models_module = True
    create_contenttypes(app, verbosity=0, using=database, apps=apps)
    create_permissions(app, verbosity=0, using=database, apps=apps)
    groups = apps.get_model("auth", "Group").objects.using(database)
    permissions = apps.get_model("auth", "Permission").objects.using(database)
    of_app = permissions.filter(content_type__app_label="webhooks")
    for held, given in GIVEN.items():
        for group in groups.filter(name__in=ROLES, permissions__in=of_app.filter(codename=held)):
            group.permissions.add(of_app.get(codename=given))


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0003_idempotency_keys"),
        ("webhooks", "0007_alerts"),
    ]

    # Nobody who goes back knows these permissions.
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
