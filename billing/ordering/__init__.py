"""The state of an object, whatever order its snapshots came in."""
