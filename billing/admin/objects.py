"""The screens of the billing objects."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.html import format_html

from billing.admin.columns import COLUMNS, STATES
from billing.admin.erase import EraseForm, erase_customer, erasure_facts, is_erased
from billing.admin.facts import object_facts, record_facts
from billing.admin.filters import status_filter
from billing.admin.history import changes_of_object
from billing.admin.may_use import may_use
from billing.admin.related import events_about, naming, references
from billing.admin.values import flags, label, value
from billing.models import (
    BalanceTransaction,
    Charge,
    CheckoutSession,
    Coupon,
    CreditNote,
    Customer,
    Discount,
    Dispute,
    Invoice,
    PaymentIntent,
    PaymentMethod,
    Payout,
    Price,
    Product,
    PromotionCode,
    ProviderObject,
    Refund,
    SetupIntent,
    Subscription,
)
from billing.privacy.erasure import ERASE
from webhooks.admin.panels import Panel, Withheld
from webhooks.admin.readonly import ReadOnlyAdmin
from webhooks.admin.style import BooleanFilter, action
from webhooks.admin.values import code, origin, page_url, two_lines
from webhooks.models.permissions import may_view

SAME_EMAIL: Final = 100
"""Customers found by one e-mail address; more would make the next query too long."""

_FLAGS: Final = (("in_doubt", BooleanFilter), ("livemode", BooleanFilter))


@admin.register(
    *(Refund, Dispute, Payout, BalanceTransaction),
    *(Product, Price, Coupon, PromotionCode, Discount),
)
class ObjectAdmin(ReadOnlyAdmin):
    """A list with the columns that matter, and a page with everything."""

    search_help_text = "Id, or a related id"

    def get_list_display(self, request: HttpRequest) -> list[Callable[[ProviderObject], str]]:
        columns = (*COLUMNS[self.model], "created_at")
        return [_identity, *(_column(request, self.model, name) for name in columns)]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        states = STATES.get(self.model)
        return [*([status_filter(states)] if states else []), *_FLAGS]

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("provider_id", *references(self.model))

    def panels(self, request: HttpRequest, obj: ProviderObject) -> Iterable[Panel]:
        # From what is asked first to what is asked last.
        yield object_facts(request, obj)
        yield from self.answers(request, obj)
        yield from naming(request, obj)
        yield changes_of_object(request, obj)
        yield events_about(request, obj)
        yield record_facts(request, obj)

    def answers(self, request: HttpRequest, obj: Any) -> Iterable[Panel]:
        """Yield what support asks most about such an object, if anything. For subclasses."""
        return ()


@admin.register(
    *(Subscription, Invoice, PaymentIntent, Charge, CheckoutSession),
    *(CreditNote, PaymentMethod, SetupIntent),
)
class OwnedAdmin(ObjectAdmin):
    """Objects that belong to a customer, and can be found by the customer's email."""

    search_help_text = "Id, a related id, or customer's email"

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        if not may_view(request.user, Customer):
            shown.search_help_text = ObjectAdmin.search_help_text
        return shown

    def found_by(self, request: HttpRequest, term: str) -> Q:
        if "@" not in term:
            return super().found_by(request, term)
        # Whose address it is would tell those who may not see customers.
        if not may_view(request.user, Customer):
            return Q(pk__in=())
        # Looked up first: a subquery would keep the database from using the index.
        found = Customer.objects.filter(_has_email(term)).values_list("provider_id", flat=True)
        return Q(customer_id__in=list(found[:SAME_EMAIL]))


@admin.register(Customer)
class CustomerAdmin(ObjectAdmin):
    """A customer with all that is theirs: the page where support begins."""

    search_help_text = "Id or email"
    actions_detail = ("erase",)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [("delinquent", BooleanFilter), *_FLAGS]

    def found_by(self, request: HttpRequest, term: str) -> Q:
        return super().found_by(request, term) | _has_email(term)

    def answers(self, request: HttpRequest, obj: Customer) -> Iterable[Panel]:
        yield from erasure_facts(obj)
        yield may_use(obj) if may_view(request.user, Subscription) else Withheld()

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Return the action that erases, while there is something to erase."""
        customer = self.get_object(request, unquote(object_id))
        if customer is None or is_erased(customer):
            return []
        permitted: list[Any] = super().get_actions_detail(request, object_id)
        return permitted

    def has_erase_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True when the user may have customers erased."""
        return self.has_view_permission(request) and request.user.has_perm(ERASE)

    @action(
        description="Erase personal data",
        permissions=["erase"],
        url_path="erase",
        icon="person_remove",
        variant="danger",
    )
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the customer's id and a reason, then erase what identifies the customer."""
        customer = self.get_object(request, unquote(object_id))
        if customer is None:
            raise Http404
        form = EraseForm(customer, request.POST or None)
        page = page_url(customer)
        if form.is_valid():
            erase_customer(request, form)
            return HttpResponseRedirect(page)
        context = self.page_context(
            request, original=customer, title="Erase personal data", form=form, cancel_url=page
        )
        return TemplateResponse(request, "billing/erase.html", context)


def _has_email(text: str) -> Q:
    # As typed and in small letters, both by the index: a search without regard to case has none.
    return Q(email__in={text, text.lower()})


@admin.display(description="id")
def _identity(row: ProviderObject) -> str:
    return two_lines(
        code(row.provider_id), format_html("{} {}", origin(row.provider, row.livemode), flags(row))
    )


def _column(
    request: HttpRequest, model: type[ProviderObject], name: str
) -> Callable[[ProviderObject], str]:
    @admin.display(description=label(model, name))
    def shown(row: ProviderObject) -> str:
        return value(request, row, name)

    # Django names a column's style class and its checks after the function.
    shown.__name__ = name
    return shown
