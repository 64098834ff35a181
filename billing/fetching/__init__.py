"""Asks the provider for the latest state of objects."""
