"""On PostgreSQL, a trigger keeps the audit trail from being changed by accident.

Whoever may drop triggers passes by it, and by `SET webhooks.audit_trail = 'unlocked'` too, which is
how a test's database is emptied: it is the chain that proves.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLES = ("webhooks_auditentry", "webhooks_seal")

LOCK = """
CREATE FUNCTION webhooks_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('webhooks.audit_trail', true) = 'unlocked' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION USING
        MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'restrict_violation';
END
$$
"""
ON_ROWS = """
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION webhooks_append_only()
"""
ON_TABLE = """
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION webhooks_append_only()
"""


def lock(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(LOCK)
    for table in TABLES:
        schema_editor.execute(ON_ROWS.format(table=table))
        schema_editor.execute(ON_TABLE.format(table=table))


def unlock(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in TABLES:
        schema_editor.execute(f"DROP TRIGGER append_only_rows ON {table}")
        schema_editor.execute(f"DROP TRIGGER append_only_table ON {table}")
    schema_editor.execute("DROP FUNCTION webhooks_append_only()")


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial")]

    operations = [migrations.RunPython(lock, unlock)]
