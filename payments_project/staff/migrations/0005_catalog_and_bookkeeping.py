"""The catalog, ways to pay and the books for whoever sees charges, in the groups that staff begin
with. A group that was changed so that it sees no charges stays as it is."""

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLES = ("Support", "Operator", "Auditor")
GIVEN = (
    *("view_balancetransaction", "view_coupon", "view_creditnote", "view_discount"),
    *("view_paymentmethod", "view_price", "view_product", "view_promotioncode"),
    "view_setupintent",
)


def give(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    database = editor.connection.alias
    # Django makes permissions only after the last migration.
    app = apps.get_app_config("billing")
    app.models_module = True
    create_contenttypes(app, verbosity=0, using=database, apps=apps)
    create_permissions(app, verbosity=0, using=database, apps=apps)
    groups = apps.get_model("auth", "Group").objects.using(database)
    permissions = apps.get_model("auth", "Permission").objects.using(database)
    of_app = permissions.filter(content_type__app_label="billing")
    seeing = of_app.filter(codename="view_charge")
    for group in groups.filter(name__in=ROLES, permissions__in=seeing):
        group.permissions.add(*of_app.filter(codename__in=GIVEN))


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0004_alerts"),
        ("billing", "0006_catalog_and_bookkeeping"),
    ]

    # Nobody who goes back knows these permissions.
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
