"""The command that helps those who lost their second factor."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from payments_project.staff import second_factor
from webhooks.management.logged import LoggedCommand
from webhooks.management.operator import system_user


class Command(LoggedCommand):
    """Forget somebody's authenticator and backup codes, on the record."""

    help = (
        "Forget a member of staff's authenticator and backup codes. Be sure of who asks: "
        "from then on the password alone lets them in, to set up anew where that is required."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="kept in the audit trail")

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        # A command, and no screen: who helps must be let onto the server, not just into the admin.
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}.")
        if not second_factor.remove(user, actor=system_user(), reason=reason, now=timezone.now()):
            raise CommandError(f"{username} has no second factor.")
        self.stdout.write(f"The second factor of {username} is forgotten.")
