"""A life of each provider's objects, as its deliveries tell it, and the rows that it ends in."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from billing.models import ProviderObject
from webhooks.providers import Provider

Rows = Mapping[type[ProviderObject], Mapping[str, Mapping[str, Any]]]
"""Rows by type and id, with the values of some columns."""


def as_json(payload: Any) -> bytes:
    """Return a payload as the body of a delivery."""
    return json.dumps(payload).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Deliveries in true order, and the rows that hold after all of them.

    Every row is in `rows`, each with the columns that matter. `may_doubt` are the ids of objects
    of which some orders of arrival leave a doubt, as the provider tells too little. `options` are
    settings of the endpoint by their names, such as `notification_url`. `sender` signs where nobody
    but the provider itself can.
    """

    provider: str
    deliveries: Sequence[Any]
    rows: Rows
    secret: str = "whsec_ours_and_nobody_else_s"
    options: Mapping[str, str] = field(default_factory=dict)
    may_doubt: frozenset[str] = frozenset()
    sender: Provider | None = None
    write: Callable[[Any], bytes] = as_json


def _lives() -> dict[str, Life]:
    modules = [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__)]
    return {module.LIFE.provider: module.LIFE for module in modules}


LIVES: Final = _lives()
"""The lives by their providers' names."""
