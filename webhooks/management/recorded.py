"""Commands that change something, and say so first."""

from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from webhooks import audit
from webhooks.management.operator import system_user
from webhooks.models import AuditEntry


class RecordedCommand(BaseCommand):
    """Goes on record when it starts, with those of its options that `on_record` names.

    What it then does is put on record by the verbs that do it. Options that may hold a secret or
    free text are not to be named.
    """

    on_record: ClassVar[tuple[str, ...]] = ()

    def changes_something(self, options: dict[str, Any]) -> bool:
        """Whether there is anything to put on record."""
        return not options.get("dry_run")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Put it on record, then run."""
        if self.changes_something(options):
            try:
                self.put_on_record(options)
            except (LookupError, audit.HeadLost) as error:
                raise CommandError(f"Nothing was done, as it can't be recorded: {error}") from error
        return super().execute(*args, **options)

    def put_on_record(self, options: dict[str, Any]) -> None:
        """Say what is about to be done, and who does it."""
        chosen = {name: options.get(name) for name in self.on_record}
        audit.record(
            AuditEntry.Action.COMMAND,
            actor=system_user(),
            subject=type(self).__module__.rpartition(".")[2],
            details={name: _told(value) for name, value in chosen.items() if value},
            now=timezone.now(),
        )


def _told(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    return value if isinstance(value, bool | int | str) else str(value)
