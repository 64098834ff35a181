"""What is for sale, how it is paid for, and what the books are kept by, read."""

from billing import models
from billing.api import filters
from billing.api import serializers as shown
from billing.api.reads import ObjectViewSet
from webhooks.api.permissions import Grant
from webhooks.models import Scope


class PaymentMethodViewSet(ObjectViewSet):
    """Ways to pay that were saved."""

    grant = Grant(Scope.BILLING_READ, "billing.view_paymentmethod")
    queryset = models.PaymentMethod.objects.all()
    serializer_class = shown.PaymentMethodSerializer
    filterset_class = filters.OfCustomerFilters


class SetupIntentViewSet(ObjectViewSet):
    """The saving of ways to pay."""

    grant = Grant(Scope.BILLING_READ, "billing.view_setupintent")
    queryset = models.SetupIntent.objects.all()
    serializer_class = shown.SetupIntentSerializer
    filterset_class = filters.SetupIntentFilters


class CreditNoteViewSet(ObjectViewSet):
    """Reductions of invoices that were final."""

    grant = Grant(Scope.BILLING_READ, "billing.view_creditnote")
    queryset = models.CreditNote.objects.all()
    serializer_class = shown.CreditNoteSerializer
    filterset_class = filters.CreditNoteFilters


class BalanceTransactionViewSet(ObjectViewSet):
    """Movements of our balance at the provider."""

    grant = Grant(Scope.BILLING_READ, "billing.view_balancetransaction")
    queryset = models.BalanceTransaction.objects.all()
    serializer_class = shown.BalanceTransactionSerializer
    filterset_class = filters.BalanceTransactionFilters


class ProductViewSet(ObjectViewSet):
    """What is for sale."""

    grant = Grant(Scope.BILLING_READ, "billing.view_product")
    queryset = models.Product.objects.all()
    serializer_class = shown.ProductSerializer
    filterset_class = filters.ObjectFilters


class PriceViewSet(ObjectViewSet):
    """What products cost."""

    grant = Grant(Scope.BILLING_READ, "billing.view_price")
    queryset = models.Price.objects.all()
    serializer_class = shown.PriceSerializer
    filterset_class = filters.PriceFilters


class CouponViewSet(ObjectViewSet):
    """Reductions."""

    grant = Grant(Scope.BILLING_READ, "billing.view_coupon")
    queryset = models.Coupon.objects.all()
    serializer_class = shown.CouponSerializer
    filterset_class = filters.ObjectFilters


class PromotionCodeViewSet(ObjectViewSet):
    """Codes that customers type in to have a coupon."""

    grant = Grant(Scope.BILLING_READ, "billing.view_promotioncode")
    queryset = models.PromotionCode.objects.all()
    serializer_class = shown.PromotionCodeSerializer
    filterset_class = filters.PromotionCodeFilters


class DiscountViewSet(ObjectViewSet):
    """Coupons as they are applied."""

    grant = Grant(Scope.BILLING_READ, "billing.view_discount")
    queryset = models.Discount.objects.all()
    serializer_class = shown.DiscountSerializer
    filterset_class = filters.DiscountFilters
