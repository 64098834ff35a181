"""The base of all models of a provider's objects."""

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from django.db import models

from billing.changes import CHANGES
from billing.ordering import FactMap, Snapshot, pack, plain, unpack
from webhooks.events import ObjectScope

Object = TypeVar("Object", bound="ProviderObject")


class ProviderObject(models.Model):
    """An object as the provider last described it.

    Its id is unique within its provider, account and mode. It names other objects by the
    provider's ids: `follow` and `related` go from one object to another.

    Money is in the currency's minor units; null is unknown, as it is for moments and flags.
    """

    object_type: ClassVar[str]

    # Other objects are named in plain columns and not by foreign keys: events come in any order,
    # so what is named may come later or never. This way nothing needs a stand-in or a second lock.
    provider = models.CharField(max_length=32)
    account = models.CharField(
        max_length=255, blank=True, help_text="the connected account; empty for our own"
    )
    livemode = models.BooleanField("live mode")
    provider_id = models.CharField("id", max_length=255)
    created_at = models.DateTimeField("created", null=True, blank=True, help_text="at the provider")
    metadata = models.JSONField(default=dict, blank=True)
    deleted = models.BooleanField(default=False, help_text="at the provider")
    # The events kept for the ordering: see `billing.ordering`. In the row and not in a table of
    # their own, so that one lock guards them and one statement stores them with the state.
    snapshot_at = models.DateTimeField(
        "as of",
        null=True,
        blank=True,
        help_text="when the provider made the event that this state comes from",
    )
    snapshot_event_id = models.CharField(
        "last event", max_length=255, blank=True, help_text="the event that this state comes from"
    )
    snapshots = models.JSONField(
        default=list,
        blank=True,
        help_text="what recent events said, for late ones to be compared with",
    )
    in_doubt = models.BooleanField(
        default=False, help_text="events alone can't tell: the provider must be asked"
    )
    fetched_at = models.DateTimeField(
        "asked", null=True, blank=True, help_text="when the provider was last asked"
    )
    ask_after = models.DateTimeField(
        "ask again after",
        null=True,
        blank=True,
        help_text="the provider was asked, and the doubt stayed",
    )
    updated_at = models.DateTimeField("updated", auto_now=True)

    class Meta:
        abstract = True
        constraints: ClassVar = [
            # The id first: support staff look an object up by its id alone.
            models.UniqueConstraint(
                fields=["provider_id", "provider", "account", "livemode"],
                name="%(app_label)s_%(class)s_once",
            ),
        ]
        indexes: ClassVar = [
            # Lists are narrowed to a time, in the admin and the API.
            models.Index(fields=["created_at"], name="%(class)s_created"),
            # Partial: few objects are in doubt, and they are looked for once a minute.
            models.Index(fields=["id"], name="%(class)s_doubt", condition=models.Q(in_doubt=True)),
        ]

    def __str__(self) -> str:
        return self.provider_id

    @property
    def scope(self) -> ObjectScope:
        """The provider, account and mode that this object lives in."""
        return ObjectScope(provider=self.provider, account=self.account, livemode=self.livemode)

    @property
    def is_only_named(self) -> bool:
        """True while others have named this object, and nothing has told of it itself."""
        return not self.snapshot_event_id and self.fetched_at is None

    @property
    def doubt(self) -> str:
        """The reason why this object is in doubt, as a phrase; empty when it is not."""
        if not self.in_doubt:
            return ""
        if self.is_only_named:
            return "it was named by others, and nothing has told of it itself"
        if getattr(self, "abridged", False) or any(one.get("goes_on") for one in self.snapshots):
            return "a list in it goes on, and the rest is not known"
        return "events alone can't tell its latest state"

    def facts(self) -> FactMap:
        """Return what is stored of the object, as snapshots have it."""
        facts = {name: plain(getattr(self, name)) for name in CHANGES[self.object_type].names()}
        # As in a change: only a deletion is a fact.
        if not self.deleted:
            del facts["deleted"]
        return facts

    def unpack_snapshots(self, facts: FactMap) -> list[Snapshot]:
        """Return the snapshots that are kept with the object; `facts` are its own."""
        return unpack(self.snapshots, facts)

    def pack_snapshots(self, kept: Iterable[Snapshot]) -> None:
        """Keep these snapshots with the object; not saved.

        They are packed against its facts, so do this again whenever those have changed.
        """
        self.snapshots = pack(kept, self.facts())

    def follow(self, model: type[Object], column: str = "") -> Object | None:
        """Return the object that this one names: `charge.follow(Customer)`.

        None until it has arrived. `column` is needed where it is not the model's usual one:
        `subscription.follow(Invoice, "latest_invoice_id")`.
        """
        named: str = getattr(self, column or f"{model.object_type}_id")
        if not named:
            return None
        return model._default_manager.filter(provider_id=named, **self.scope).first()

    def related(self, model: type[Object], column: str = "") -> models.QuerySet[Object]:
        """Return the objects that name this one: `customer.related(Subscription)`."""
        named = {column or f"{self.object_type}_id": self.provider_id}
        return model._default_manager.filter(**named, **self.scope)
