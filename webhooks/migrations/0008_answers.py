"""A word more for the occasion of an attempt: nothing in the database changes."""

from django.db import migrations, models

TRIGGERS = [
    ("delivery", "Delivery"),
    ("answer", "Answer"),
    ("retry", "Retry"),
    ("sweep", "Sweep"),
    ("staff", "Staff"),
    ("command", "Command"),
    ("reconcile", "Reconciliation"),
    ("api", "API"),
]


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0007_alerts")]

    operations = [
        migrations.AlterField(
            model_name="attempt",
            name="trigger",
            field=models.CharField(choices=TRIGGERS, max_length=16),
        ),
        migrations.AlterField(
            model_name="replay",
            name="trigger",
            field=models.CharField(choices=TRIGGERS, max_length=16),
        ),
    ]
