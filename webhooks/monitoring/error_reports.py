"""Django's page for developers, and its reports: without what they must not show."""

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any, Final

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from webhooks.monitoring.logs import without_secrets
from webhooks.privacy.meanings import is_secret

_HIDDEN: Final = re.compile(
    "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|COOKIE|(?:DATABASE|REDIS|BROKER|ALERT)_URL",
    re.IGNORECASE,
)


class _Shown:
    # As text, in one piece: Django would break long values into lines, and a secret with them.
    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        try:
            return without_secrets(repr(self.value))
        except Exception:  # noqa: BLE001
            # A broken `repr` must not cost the report of the error that matters.
            return f"a {type(self.value).__name__} that can't be shown"


class Filter(SafeExceptionReporterFilter):
    """Hides values by their names, in settings, headers and variables, in development too."""

    hidden_settings = _HIDDEN

    def is_active(self, request: HttpRequest | None) -> bool:
        """Always true: what views declare as sensitive is hidden, with DEBUG on, too."""
        return True

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        """Return the variables of a frame, each hidden by its name or shown without secrets."""
        found = dict(super().get_traceback_frame_variables(request, tb_frame))
        return {name: self._shown(name, value) for name, value in found.items()}.items()

    def _shown(self, name: str, value: object) -> object:
        is_hidden = (_HIDDEN.search(name) or is_secret(name)) and not callable(value)
        return self.cleansed_substitute if is_hidden else _Shown(value)


class Reporter(ExceptionReporter):
    """Takes out of a report what looks secret, wherever in it that may be."""

    def get_traceback_html(self) -> SafeString:
        """Return the report as a page."""
        return SafeString(without_secrets(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        """Return the report as text."""
        return SafeString(without_secrets(super().get_traceback_text()))
