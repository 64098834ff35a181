"""Indexes by which staff find idempotency keys, made while keys are being written."""

from typing import Any

from django.db import migrations, models
from django.db.migrations.state import ProjectState


class AddIndex(migrations.AddIndex):
    """Adds an index without holding up those who write, where the database can: on PostgreSQL."""

    # `Any`: the type of PostgreSQL's editor takes psycopg, which SQLite's projects need not have.
    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        # What an interrupted run left is in the way, and of no use.
        self.database_backwards(app_label, schema_editor, to_state, from_state)
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        schema_editor.remove_index(model, self.index, concurrently=True)


class Migration(migrations.Migration):
    # No transaction may hold an index that is made so.
    atomic = False

    dependencies = [("billing", "0003_doubts_of_rows")]

    operations = [
        AddIndex(
            model_name="idempotencykey",
            index=models.Index(
                fields=["key"],
                name="billing_idempotencykey_key",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        AddIndex(
            model_name="idempotencykey",
            index=models.Index(fields=["response_id"], name="billing_idempotencykey_object"),
        ),
        AddIndex(
            model_name="idempotencykey",
            index=models.Index(
                fields=["state", "-id"],
                name="billing_idempotencykey_open",
                condition=~models.Q(state="completed"),
            ),
        ),
        AddIndex(
            model_name="idempotencykey",
            index=models.Index(
                fields=["-id"],
                name="billing_idempotencykey_refused",
                condition=models.Q(response_status__gte=400),
            ),
        ),
    ]
