"""The admin's screens.

Other apps build on `values`, `panels`, `readonly`, `search` and `related`.
"""

from webhooks.admin import accounts, events, refusals, tokens

__all__ = ["accounts", "events", "refusals", "tokens"]
