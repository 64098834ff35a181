"""Checks once, at the start of a server or a worker: what is plainly unsafe does not start."""

from typing import Final

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

TAGS: Final = ("webhooks", "billing", "staff", "payments_project")

UNSAFE: Final = frozenset({"webhooks.W020", "webhooks.W027", "webhooks.W030"})
"""Warnings of apps that refuse a start here: secrets that can be guessed, or are sent in clear."""


def insist_on_safety() -> None:
    """Refuse to start with settings that are plainly unsafe.

    Raises `ImproperlyConfigured` with all of them in one message, each with its fix. What is in
    `SILENCED_SYSTEM_CHECKS` is let through.
    """
    # Neither servers nor workers run Django's checks, those for deployment least of all: one that
    # can't prove deliveries, or whose keys can be guessed, would start.
    found = checks.run_checks(tags=TAGS, include_deployment_checks=True)
    refused = [each for each in found if _is_refused(each) and not each.is_silenced()]
    if refused:
        problems = "\n".join(f"  {each.id}: {each.msg} {each.hint or ''}" for each in refused)
        raise ImproperlyConfigured(f"This does not start, for its settings are unsafe:\n{problems}")


def _is_refused(problem: checks.CheckMessage) -> bool:
    # On a developer's machine short secrets are no danger; with DEBUG, public hosts are an error.
    return problem.is_serious() or (problem.id in UNSAFE and not settings.DEBUG)
