"""Erases a customer from billing."""
