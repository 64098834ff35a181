"""The filters of lists, as unfold draws them."""

from unfold.contrib.filters.admin import BooleanRadioFilter as BooleanFilter
from unfold.contrib.filters.admin import DropdownFilter, TextFilter
from unfold.contrib.filters.admin import RadioFilter as ChoiceFilter
from unfold.contrib.filters.admin import RangeDateFilter as DateRangeFilter

__all__ = ["BooleanFilter", "ChoiceFilter", "DateRangeFilter", "DropdownFilter", "TextFilter"]
