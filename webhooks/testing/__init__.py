"""A testing kit for whoever handles events: realistic samples, delivered as a provider would.

`deliver`, `sample` and `thin_sample` are for tests of handlers; `webhooks.testing.plugin` adds
fixtures to pytest.
"""

from webhooks.testing.client import deliver
from webhooks.testing.stripe_events import sample, thin_sample

__all__ = ["deliver", "sample", "thin_sample"]
