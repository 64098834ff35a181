"""A testing kit for whoever handles events: realistic samples, delivered as a provider would.

`deliver` and `sample` are for tests of handlers; `webhooks.testing.plugin` adds fixtures to
pytest.
"""

from webhooks.testing.client import deliver
from webhooks.testing.stripe_events import sample

__all__ = ["deliver", "sample"]
