"""The admin's screens.

Other apps build on `values`, `panels`, `readonly`, `search` and `related`.
"""

from webhooks.admin import accounts, audit, events, refusals, second_factor, tokens

__all__ = ["accounts", "audit", "events", "refusals", "second_factor", "tokens"]
