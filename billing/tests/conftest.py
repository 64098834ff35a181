"""Fixtures of billing's tests."""

from typing import Any

import pytest

from billing.testing.lives import LIVES, Life
from webhooks.providers import PROVIDERS


@pytest.fixture
def life(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Life:
    """Return a provider's life, of which there is an endpoint named like the provider."""
    found: Life = LIVES[request.param]
    if found.sender:
        monkeypatch.setitem(PROVIDERS, found.provider, found.sender)
    variable = f"{found.provider.upper()}_WEBHOOK_SECRET"
    setattr(settings, variable, found.secret)
    settings.WEBHOOK_ENDPOINTS = {
        found.provider: {"provider": found.provider, "secrets_setting": variable, **found.options}
    }
    return found
