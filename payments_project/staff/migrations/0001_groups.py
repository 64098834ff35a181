"""The groups that staff begin with. One that is there already stays as it is."""

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from payments_project.staff.roles import ROLES


def make_groups(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    database = editor.connection.alias
    # On a fresh database Django makes permissions only after the last migration.
    for label in sorted({name.partition(".")[0] for names in ROLES.values() for name in names}):
        app = apps.get_app_config(label)
        app.models_module = True
        create_contenttypes(app, verbosity=0, using=database, apps=apps)
        create_permissions(app, verbosity=0, using=database, apps=apps)
    groups = apps.get_model("auth", "Group").objects.using(database)
    permissions = apps.get_model("auth", "Permission").objects.using(database)
    for role, names in ROLES.items():
        group, is_new = groups.get_or_create(name=role)
        if is_new:
            for name in sorted(names):
                app_label, _, codename = name.partition(".")
                group.permissions.add(
                    *permissions.filter(content_type__app_label=app_label, codename=codename)
                )


def remove_unused_groups(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Remove them, except for those with members, who would lose what they may do."""
    groups = apps.get_model("auth", "Group").objects.using(editor.connection.alias)
    groups.filter(name__in=list(ROLES), user__isnull=True).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("webhooks", "0001_initial"),
        ("billing", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_groups, remove_unused_groups)]
