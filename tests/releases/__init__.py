"""The rows that former releases left, each written by the release's own code."""
