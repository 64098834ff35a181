"""The addresses of billing state."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from billing.api import catalog, creates, reads

router = SimpleRouter(trailing_slash=False)
router.register("customers", reads.CustomerViewSet)
router.register("subscriptions", reads.SubscriptionViewSet)
router.register("invoices", reads.InvoiceViewSet)
router.register("payment-intents", creates.PaymentIntentViewSet)
router.register("charges", reads.ChargeViewSet)
router.register("refunds", creates.RefundViewSet)
router.register("disputes", reads.DisputeViewSet)
router.register("checkout-sessions", creates.CheckoutSessionViewSet)
router.register("payouts", reads.PayoutViewSet)
router.register("payment-methods", catalog.PaymentMethodViewSet)
router.register("setup-intents", catalog.SetupIntentViewSet)
router.register("credit-notes", catalog.CreditNoteViewSet)
router.register("balance-transactions", catalog.BalanceTransactionViewSet)
router.register("products", catalog.ProductViewSet)
router.register("prices", catalog.PriceViewSet)
router.register("coupons", catalog.CouponViewSet)
router.register("promotion-codes", catalog.PromotionCodeViewSet)
router.register("discounts", catalog.DiscountViewSet)

urlpatterns = [
    *router.urls,
    path("customers/<provider_id>/entitlements", reads.EntitlementView.as_view()),
    path("events/<event_id>/changes", reads.ChangesView.as_view()),
]
