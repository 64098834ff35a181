"""Translate the errors of Stripe's client into this project's, without anything secret."""

import stripe

from billing.exceptions import KeyInUse, KeyReused, ProviderRefused, ProviderUnavailable
from webhooks.monitoring.logs import without_secrets
from webhooks.privacy.masking import MASK, mask_text


def translate(error: stripe.StripeError) -> Exception:
    """Return the error to raise in place of this one, which holds all of Stripe's answer."""
    # `indeterminate` tells callers if Stripe may have acted: only then must they keep the key.
    status = error.http_status or 0
    if isinstance(error, stripe.IdempotencyError):
        return KeyReused("Stripe knows this key with other parameters.")
    if status == 409:
        return KeyInUse("Stripe is at work on an operation with this key.")
    # Refused before anything was done, so this may be tried again with another key as well.
    if isinstance(error, stripe.RateLimitError) or status == 429:
        return ProviderUnavailable("Stripe is asked too much of.", indeterminate=False)
    if status in (401, 403):
        return ProviderRefused(
            "Stripe does not allow this with STRIPE_API_KEY.",
            status=status,
            code=error.code or "not_allowed",
        )
    if 400 <= status < 500:
        return _refusal(error, status)
    if status >= 500:
        return ProviderUnavailable(
            f"Stripe failed ({status}). Whether it did what was asked is indeterminate.",
            indeterminate=True,
        )
    return ProviderUnavailable(
        "No answer of Stripe's came through. Whether it did what was asked is indeterminate.",
        indeterminate=True,
    )


def _refusal(error: stripe.StripeError, status: int) -> ProviderRefused:
    details = error.json_body if isinstance(error.json_body, dict) else {}
    # From a proxy or a firewall the body may be anything.
    stated = details.get("error")
    stated = stated if isinstance(stated, dict) else {}
    return ProviderRefused(
        mask_text(without_secrets(str(stated.get("message") or "Stripe refused this.")), MASK),
        status=status,
        code=str(stated.get("code") or ""),
        param=str(stated.get("param") or ""),
        decline_code=str(stated.get("decline_code") or ""),
    )
