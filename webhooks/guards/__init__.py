"""Cheap checks before a delivery is proven, and what remembers strangers between them."""
