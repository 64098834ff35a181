"""The base of commands that change something: they go on record before they do."""

from typing import Any, ClassVar

from django.core.management.base import CommandError
from django.utils import timezone

from webhooks import audit
from webhooks.management.logged import LoggedCommand
from webhooks.management.operator import system_user
from webhooks.models import AuditEntry


class RecordedCommand(LoggedCommand):
    """Goes on record when it starts, with those of its options that `on_record` names.

    The verbs that it calls record what was done. Never name an option in `on_record` that may hold
    a secret or free text: entries can't be erased.
    """

    on_record: ClassVar[tuple[str, ...]] = ()

    def changes_something(self, options: dict[str, Any]) -> bool:
        """True when there is something to put on record; false for a dry run."""
        return not options.get("dry_run")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Put the command on record, then run it."""
        # In that order, so that a command that is killed half-way is on record all the same.
        if self.changes_something(options):
            try:
                self.put_on_record(options)
            # Without AUDIT_KEY, or with a damaged trail, nobody could tell later what was done.
            except (LookupError, audit.HeadLost) as error:
                raise CommandError(f"Nothing was done, as it can't be recorded: {error}") from error
        return super().execute(*args, **options)

    def put_on_record(self, options: dict[str, Any]) -> None:
        """Record what is about to be done, and by whom."""
        chosen = {name: options.get(name) for name in self.on_record}
        audit.record(
            AuditEntry.Action.COMMAND,
            actor=system_user(),
            subject=type(self).__module__.rpartition(".")[2],
            details={name: _json_value(value) for name, value in chosen.items() if value},
            now=timezone.now(),
        )


def _json_value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_json_value(one) for one in value]
    return value if isinstance(value, bool | int | str) else str(value)
