"""The ids of made-up objects, and the form of all."""

import secrets
from typing import Any

Object = dict[str, Any]


def new_id(prefix: str) -> str:
    """Return an id that nobody has seen, of Stripe's form."""
    return f"{prefix}_{secrets.token_hex(12)}"
