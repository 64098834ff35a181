"""What each provider's events mean, in no provider's own terms."""

from collections.abc import Mapping
from typing import Final

from billing.translators import (
    adyen,
    braintree,
    gocardless,
    lemonsqueezy,
    paddle,
    paypal,
    razorpay,
    square,
    stripe,
    telegram,
)
from billing.translators.base import Translator

_MODULES: Final = (
    *(
        adyen,
        braintree,
        gocardless,
        lemonsqueezy,
        paddle,
        paypal,
        razorpay,
        square,
        stripe,
        telegram,
    ),
)

TRANSLATORS: Final[Mapping[str, Translator]] = {
    module.TRANSLATOR.provider: module.TRANSLATOR for module in _MODULES
}
"""The translators by their providers' names."""

__all__ = ["TRANSLATORS", "Translator"]
