"""An app that does what must not be done: it puts secrets into whatever it raises."""
