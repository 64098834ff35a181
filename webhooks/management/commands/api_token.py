"""Make, list and revoke the API's keys."""

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
        "Make, list and revoke the keys that programs call the API with. A key can do what its "
        "scopes name and its user is permitted, and is shown once, when it is made."
    )

    def changes_something(self, options: dict[str, Any]) -> bool:
        return bool(options["action"] != "list")

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a key and print it, this once")
        create.add_argument("--user", required=True, help="whose permissions it has")
        create.add_argument("--name", required=True, help="what it is used by")
        create.add_argument(
            "--scope",
            required=True,
            action="append",
            choices=Scope.values,
            dest="scopes",
            help="what it may be used for; may be given several times",
        )
        create.add_argument("--expires-days", type=int, metavar="N", help="default: never")
        actions.add_parser("list", help="every key, by its beginning")
        revoke = actions.add_parser("revoke", help="let a key open nothing any more")
        revoke.add_argument("id", type=int, help="as `list` shows it")

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
        self.stderr.write(f"Token {token.pk} of {user}; it can't be shown again:")
        self.stdout.write(key)

    def _list(self, **_: Any) -> None:
        for token in ApiToken.objects.select_related("user").order_by("pk").iterator():
            self.stdout.write(
                f"{token.pk}\t{token}\t{token.user}\t{','.join(token.scopes)}\t{_standing(token)}"
            )

    def _revoke(self, **options: Any) -> None:
        token = ApiToken.objects.filter(pk=options["id"]).first()
        if token is None:
            raise CommandError(f"There is no token {options['id']}.")
        tokens.revoke(token, actor=system_user(), now=timezone.now())
        self.stdout.write(f"{token} opens nothing any more")


def _standing(token: ApiToken) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if not token.is_valid(timezone.now()):
        return f"expired {token.expires_at:%Y-%m-%d}"
    used = f"last used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
    return f"{used}, expires {token.expires_at:%Y-%m-%d}" if token.expires_at else used
