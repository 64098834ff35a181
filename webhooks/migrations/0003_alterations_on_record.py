"""A choice more, for rows that were found altered: nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('webhooks', '0002_append_only'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('payload.viewed', 'Raw payload viewed'), ('event.rerun', 'Events re-run'), ('event.forced', 'Events re-run, with what had succeeded'), ('event.ignored', 'Events ignored'), ('event.released', 'Event released'), ('event.cleaned_up', 'Events cleaned up'), ('customer.erased', 'Personal data erased'), ('command.run', 'Command run'), ('settings.changed', 'Settings changed'), ('staff.login', 'Logged in'), ('staff.login_failed', 'Log-in failed'), ('staff.logout', 'Logged out'), ('staff.permissions', 'Permissions changed'), ('staff.second_factor', 'Second factor changed'), ('token.made', 'API token made'), ('token.revoked', 'API token revoked'), ('audit.altered', 'Row found altered'), ('audit.sealed', 'Rows sealed'), ('audit.exported', 'Audit trail exported'), ('audit.key_changed', 'Audit key changed')], max_length=32),
        ),
    ]
