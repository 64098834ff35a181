"""The groups that staff begin with, as migrations make and remove them."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django_otp.plugins.otp_totp.models import TOTPDevice

from payments_project.staff.roles import ROLES

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(*to: str) -> None:
    call_command("migrate", "staff", *to, verbosity=0)


@pytest.fixture(autouse=True)
def _groups() -> Any:
    # The test before may have emptied the tables.
    migrate("zero")
    migrate("0001")
    yield
    Group.objects.all().delete()
    migrate("zero")
    # All of it: other tests ask whether a migration is missing.
    migrate()


def held(role: str) -> set[str]:
    permissions = Group.objects.get(name=role).permissions.select_related("content_type")
    return {f"{each.content_type.app_label}.{each.codename}" for each in permissions}


def test_groups_have_the_permissions_of_the_roles() -> None:
    assert {role: held(role) for role in ROLES} == ROLES


def test_changed_groups_are_left_alone() -> None:
    more = Permission.objects.get(codename="view_group")
    Group.objects.get(name="Support").permissions.set([more])
    member = User.objects.create(username="anna")
    member.groups.add(Group.objects.get(name="Support"))

    migrate("zero")
    migrate("0001")

    assert held("Support") == {"auth.view_group"}
    assert member.groups.get().name == "Support"


def test_keys_that_were_shown_and_never_confirmed_are_forgotten() -> None:
    anna = User.objects.create(username="anna")
    kept = TOTPDevice.objects.create(user=anna)
    TOTPDevice.objects.create(user=anna, confirmed=False)

    migrate("0002")
    migrate("0001")

    assert TOTPDevice.objects.get() == kept


def test_operators_of_an_older_version_come_to_see_idempotency_keys() -> None:
    seen = "billing.view_idempotencykey"
    operators = Group.objects.get(name="Operator")
    operators.permissions.remove(Permission.objects.get(codename="view_idempotencykey"))

    migrate("0002")
    migrate("0003")
    assert seen in held("Operator")
    assert [role for role in ROLES if seen in held(role)] == ["Operator"]
    migrate("0002")
    assert seen not in held("Operator")


def test_undoing_the_migration_removes_empty_groups() -> None:
    migrate("zero")

    assert not Group.objects.filter(name__in=ROLES).exists()
