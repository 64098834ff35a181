"""The admin's screens.

Other apps build on `values`, `panels`, `readonly`, `search` and `related`.
"""

from webhooks.admin import audit, events, refusals, tokens

__all__ = ["audit", "events", "refusals", "tokens"]
