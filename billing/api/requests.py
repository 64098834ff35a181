"""The bodies of POST requests, checked before anything is sent to the provider."""

from typing import Any, Final

from django.core.validators import EmailValidator, RegexValidator, URLValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webhooks.api.fields import StrictSerializer, TextField, WholeField

# Stripe takes amounts of up to twelve digits.
MAX_AMOUNT: Final = 999_999_999_999
MAX_KEYS: Final = 50
MAX_KEY_LENGTH: Final = 40
MAX_VALUE_LENGTH: Final = 500


class Id(TextField):
    """An id of the provider's."""

    def __init__(self, **kwargs: Any) -> None:
        # Stripe's ids have no other characters: a mistake is told before anything is asked.
        is_id = RegexValidator(r"^[A-Za-z0-9_]+\Z", "Not an id of the provider's.")
        super().__init__(**{"max_length": 255, "validators": [is_id], **kwargs})


class Currency(TextField):
    """A currency's code, in lower case."""

    def __init__(self, **kwargs: Any) -> None:
        # Not a list of currencies: the provider takes up new ones.
        is_code = RegexValidator(r"^[a-z]{3}\Z", "Three letters in lower case (ISO 4217).")
        super().__init__(**{"validators": [is_code], "help_text": "ISO 4217, lower case", **kwargs})


class Amount(WholeField):
    """An amount in the currency's minor units."""

    def __init__(self, **kwargs: Any) -> None:
        about = {"min_value": 1, "max_value": MAX_AMOUNT, "help_text": "in minor units"}
        super().__init__(**{**about, **kwargs})


@extend_schema_field({"type": "string", "format": "uri", "maxLength": 2048})
class Url(TextField):
    """An address that the payer is sent to."""

    def __init__(self, **kwargs: Any) -> None:
        # Other schemes would run in the payer's browser, `javascript:` for one.
        is_url = URLValidator(schemes=["https", "http"])
        super().__init__(**{"max_length": 2048, "validators": [is_url], **kwargs})


@extend_schema_field({"type": "string", "format": "email", "maxLength": 512})
class Email(TextField):
    """An address to write to."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 512, "validators": [EmailValidator()], **kwargs})


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": MAX_KEYS,
        "propertyNames": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
        "additionalProperties": {"type": "string", "maxLength": MAX_VALUE_LENGTH},
    }
)
class NewMetadataField(serializers.DictField):
    """Texts by name, for the provider to keep for us."""

    child = TextField(allow_blank=True, max_length=MAX_VALUE_LENGTH)
    name = TextField(max_length=MAX_KEY_LENGTH)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        metadata: dict[str, str] = super().to_internal_value(data)
        # The provider's own bounds: refused here, nothing has been sent.
        if len(metadata) > MAX_KEYS:
            raise serializers.ValidationError(f"{MAX_KEYS} at most.", code="max_length")
        for name in metadata:
            self.name.run_validation(name)
        return metadata


class New(StrictSerializer):
    """The body of a request to create something."""

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as the provider takes them."""
        return dict(self.validated_data)


class LineItem(StrictSerializer):
    """A quantity of a price that the provider knows, or of something named and priced here."""

    price = Id(required=False)
    name = TextField(required=False, max_length=250)
    unit_amount = Amount(required=False)
    currency = Currency(required=False)
    quantity = WholeField(default=1, min_value=1, max_value=999_999)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take one way or the other, whole."""
        # Half of each would be charged as whatever the provider makes of it.
        here = {"name", "unit_amount", "currency"} & attrs.keys()
        if len(here) != (0 if "price" in attrs else 3):
            raise serializers.ValidationError(
                "Give a `price`, or else `name`, `unit_amount` and `currency`."
            )
        return attrs


class NewCheckoutSession(New):
    """A visit to the provider's payment page."""

    mode = serializers.ChoiceField(choices=["payment", "subscription"])
    line_items = serializers.ListField(child=LineItem(), min_length=1, max_length=100)
    success_url = Url(help_text="may contain {CHECKOUT_SESSION_ID}")
    cancel_url = Url(required=False)
    customer = Id(required=False)
    customer_email = Email(required=False)
    client_reference_id = TextField(required=False, max_length=200)
    metadata = NewMetadataField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse values that contradict one another."""
        if "customer" in attrs and "customer_email" in attrs:
            raise serializers.ValidationError("Give `customer` or `customer_email`, not both.")
        if attrs["mode"] == "subscription" and any("price" not in i for i in attrs["line_items"]):
            # A price made up here has no interval, so it could not recur.
            raise serializers.ValidationError("A subscription takes prices the provider knows.")
        return attrs

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as the provider takes them."""
        given = super().parameters()
        return given | {"line_items": [_line_item(item) for item in given["line_items"]]}


def _line_item(item: dict[str, Any]) -> dict[str, Any]:
    if "price" in item:
        # A price that the provider knows has its name and amount there.
        return dict(item)
    product = {"name": item["name"]}
    price = {"currency": item["currency"], "unit_amount": item["unit_amount"]}
    return {"price_data": {**price, "product_data": product}, "quantity": item["quantity"]}


class NewPaymentIntent(New):
    """A payment, to be confirmed by the payer with its client secret."""

    amount = Amount()
    currency = Currency()
    customer = Id(required=False)
    description = TextField(required=False, max_length=1000)
    receipt_email = Email(required=False)
    capture_method = serializers.ChoiceField(
        choices=["automatic", "automatic_async", "manual"], required=False
    )
    metadata = NewMetadataField(required=False)


class NewRefund(New):
    """Money to give back: all that is left of a payment or a charge, or so much of it."""

    payment_intent = Id(required=False)
    charge = Id(required=False)
    amount = Amount(required=False)
    reason = serializers.ChoiceField(
        choices=["duplicate", "fraudulent", "requested_by_customer"], required=False
    )
    metadata = NewMetadataField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take one thing to refund."""
        # Both could name different payments, and neither names none.
        if ("payment_intent" in attrs) == ("charge" in attrs):
            raise serializers.ValidationError("Give a `payment_intent` or a `charge`.")
        return attrs
