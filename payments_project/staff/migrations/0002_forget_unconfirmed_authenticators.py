"""Forget the authenticators that were never confirmed: 0.1.0 kept their keys as they were shown."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def forget(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    devices = apps.get_model("otp_totp", "TOTPDevice").objects.using(editor.connection.alias)
    devices.filter(confirmed=False).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0001_groups"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    # Whoever was at it scans a new key: there is nothing to bring back.
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
