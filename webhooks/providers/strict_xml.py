"""XML that a provider wrote, read within bounds, into the values that JSON has."""

import xml.etree.ElementTree as ET
from typing import Any, Final, NoReturn
from xml.parsers.expat import ExpatError

from webhooks.strict_json import MAX_DEPTH, MAX_DIGITS


class NotXml(ValueError):
    """The text to be read isn't XML, or not within bounds. The message tells none of it."""


class _Elements(ET.TreeBuilder):
    """Elements and text alone."""

    def doctype(self, *_: object) -> NoReturn:
        # Entities can be declared nowhere else: without them nothing is fetched, nor multiplied.
        raise NotXml("The XML declares a document type.")


def read_xml(text: bytes) -> tuple[str, dict[str, Any]]:
    """Return the name of a document's root, and its children by their names.

    As Rails writes it, and Braintree with it: `type` says what a text is, and which elements are
    lists; `nil` that there is none; dates stay text. Names have `_` for `-`. Of others, several of
    one name are a list. Raises `NotXml`.
    """
    parser = ET.XMLParser(target=_Elements())  # noqa: S314 - without a document type
    try:
        parser.feed(text)
        root: ET.Element = parser.close()
    except (ET.ParseError, ExpatError, ValueError, LookupError) as error:
        if isinstance(error, NotXml):
            raise
        raise NotXml("The body is not XML.") from error
    value = _value(root, 1)
    if not isinstance(value, dict):
        raise NotXml("The XML's root has no elements.")
    return _name(root), value


def _value(element: ET.Element, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise NotXml(f"The XML is nested more than {MAX_DEPTH} levels deep.")
    if element.get("nil") == "true":
        return None
    if element.get("type") == "array":
        return [_value(child, depth + 1) for child in element]
    if len(element):
        return _members(element, depth)
    return _scalar(element.get("type", ""), element.text or "")


def _members(element: ET.Element, depth: int) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for child in element:
        found.setdefault(_name(child), []).append(_value(child, depth + 1))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _scalar(kind: str, text: str) -> Any:
    if kind == "integer":
        digits: Final = text.strip()
        if len(digits) > MAX_DIGITS or not digits.removeprefix("-").isdecimal():
            raise NotXml("A whole number is none.")
        return int(digits)
    if kind == "boolean":
        return text.strip() in ("true", "1")
    return text


def _name(element: ET.Element) -> str:
    return element.tag.replace("-", "_")
