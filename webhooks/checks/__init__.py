"""System checks of what the project is set up with."""
