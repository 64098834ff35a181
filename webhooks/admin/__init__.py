"""The admin's screens.

Other apps build on `values`, `panels`, `readonly`, `search` and `related`.
"""

from webhooks.admin import alerts, audit, events, refusals, tokens

# Imported for what they register. Not here: the overview, which a project may put first or not.
__all__ = ["alerts", "audit", "events", "refusals", "tokens"]
