"""What each provider's events mean, in no provider's own terms."""

from collections.abc import Mapping
from typing import Final

from billing.translators import stripe, telegram
from billing.translators.base import Translator

TRANSLATORS: Final[Mapping[str, Translator]] = {
    translator.provider: translator for translator in (stripe.TRANSLATOR, telegram.TRANSLATOR)
}
"""The translators by their providers' names."""

__all__ = ["TRANSLATORS", "Translator"]
