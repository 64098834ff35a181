"""Rows that are added and never changed."""

from typing import Any, NoReturn

from django.db import models


class AppendOnlyError(Exception):
    """Somebody asked to change or delete what only ever grows. A mistake in the program."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Reads; what would write without `save` is refused."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are added one by one only.")

    # Each way around `save` that Django has; a new one would have to be added.
    update = _refuse
    delete = _refuse
    bulk_create = _refuse
    bulk_update = _refuse
    update_or_create = _refuse
    _raw_delete = _refuse
    aupdate = _refuse
    adelete = _refuse
    abulk_create = _refuse
    abulk_update = _refuse
    aupdate_or_create = _refuse


AppendOnlyManager = models.Manager.from_queryset(AppendOnlyQuerySet)


class AppendOnly(models.Model):
    """A guard against accidents. Whoever can write SQL passes by it: the chain is what proves.

    A model's `objects` must be made from `AppendOnlyQuerySet`.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row. Raises `AppendOnlyError` when it is there already."""
        if not self._state.adding:
            raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} is there, and stays as is.")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises `AppendOnlyError`."""
        raise AppendOnlyError(f"{self._meta.verbose_name} {self.pk} stays.")
