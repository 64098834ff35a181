"""Create, list and revoke API tokens."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.utils import timezone

from webhooks import tokens
from webhooks.management.operator import system_user
from webhooks.management.recorded import RecordedCommand
from webhooks.models import ApiToken, Scope


class Command(RecordedCommand):
    on_record = ("action", "user", "scopes", "expires_days", "id")
    help = (
        "Create, list and revoke the tokens with which programs call the API. A token may do what "
        "both its scopes and its user's permissions allow. Its key is printed once, when it is "
        "created; only a hash of it is kept."
    )

    def changes_something(self, options: dict[str, Any]) -> bool:
        # Reading the list is no act to record, and a monitor may do it every minute.
        return bool(options["action"] != "list")

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="create a token and print its key, this once")
        create.add_argument(
            "--user", required=True, metavar="USERNAME", help="the user whose permissions it has"
        )
        create.add_argument(
            "--name", required=True, help="the program that uses it, at most 100 characters"
        )
        create.add_argument(
            "--scope",
            required=True,
            action="append",
            choices=Scope.values,
            dest="scopes",
            help="a use that it is for; may be repeated",
        )
        create.add_argument(
            "--expires-days",
            type=int,
            metavar="DAYS",
            help="days until it expires, 1 to 3650 (default: it never does)",
        )
        actions.add_parser(
            "list",
            help="list every token: id, beginning of its key and name, user, scopes, last use",
        )
        revoke = actions.add_parser(
            "revoke", help="revoke a token: calls with it are refused from now on"
        )
        revoke.add_argument("id", type=int, help="the token's id, as `list` shows it")

    def handle(self, *_: Any, **options: Any) -> None:
        {"create": self._create, "list": self._list, "revoke": self._revoke}[options["action"]](
            **options
        )

    def _create(self, **options: Any) -> None:
        users = get_user_model()
        # By whatever a project's users log in with: a model of its own may have no username.
        user = users._default_manager.filter(**{users.USERNAME_FIELD: options["user"]}).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']}.")
        days: int | None = options["expires_days"]
        if days is not None and not 1 <= days <= 3650:
            raise CommandError("--expires-days must be between 1 and 3650.")
        if not 1 <= len(options["name"]) <= 100:
            raise CommandError("--name must have between 1 and 100 characters.")
        now = timezone.now()
        token, key = tokens.create(
            user,
            name=options["name"],
            scopes=map(Scope, options["scopes"]),
            actor=system_user(),
            now=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        # The key alone goes to standard output, so that it can be piped into a secret store.
        self.stderr.write(f"Token {token.pk} of {user}; it can't be shown again:")
        self.stdout.write(key)

    def _list(self, **_: Any) -> None:
        for token in ApiToken.objects.select_related("user").order_by("pk").iterator():
            self.stdout.write(
                f"{token.pk}\t{token}\t{token.user}\t{','.join(token.scopes)}\t{_state(token)}"
            )

    def _revoke(self, **options: Any) -> None:
        token = ApiToken.objects.filter(pk=options["id"]).first()
        if token is None:
            raise CommandError(f"There is no token {options['id']}.")
        tokens.revoke(token, actor=system_user(), now=timezone.now())
        self.stdout.write(f"{token} is revoked")


def _state(token: ApiToken) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if not token.is_valid(timezone.now()):
        return f"expired {token.expires_at:%Y-%m-%d}"
    used = f"last used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
    return f"{used}, expires {token.expires_at:%Y-%m-%d}" if token.expires_at else used
