"""Billing objects as people and programs are shown them: masked as the payloads they came from."""

from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from billing.models import Customer
from webhooks.models.permissions import may_view
from webhooks.privacy.masking import MASK, NAMING, mask_member
from webhooks.privacy.meanings import is_personal, meaning_of

_PROSE: Final = (str, list, dict)


def shown(user: AbstractBaseUser | AnonymousUser, kind: str, name: str, value: Any) -> Any:
    """Return the value of a column of such an object as this user is shown it.

    A customer's own name, address and number are for those who may see customers: by them support
    knows who is asking. All else is masked for everybody.
    """
    if is_personal(name, kind=kind) and may_view(user, Customer):
        return value
    return masked(kind, name, value)


def masked(kind: str, name: str, value: Any) -> Any:
    """Return the value of a column of such an object as its payload is shown to staff."""
    # Ids may hold digits that pass for a card's.
    is_id = name == "provider_id" or meaning_of(name.removesuffix("_id")) in NAMING
    return (
        value
        if is_id or not isinstance(value, _PROSE)
        else mask_member(name, value, MASK, kind=kind)
    )
