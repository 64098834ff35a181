"""An HMAC for each id of an erased person's; those that are there already are signed as they are.

Needs `AUDIT_KEY` where anybody was erased before.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from webhooks import audit
from webhooks.database.paging import in_pages


def sign(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    rows = apps.get_model("webhooks", "SuppressedId").objects.using(editor.connection.alias)
    for page in in_pages(rows.select_related("erasure"), 1000):
        for row in page:
            audit.sign(row)
        rows.bulk_update(page, ["mac"])


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0003_alterations_on_record")]

    operations = [
        migrations.AddField(
            model_name="suppressedid",
            name="mac",
            field=models.CharField(
                db_default="",
                help_text="of the id and its erasure",
                max_length=64,
                verbose_name="HMAC",
            ),
        ),
        migrations.RunPython(sign, migrations.RunPython.noop),
    ]
