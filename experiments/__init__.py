"""Command-line binaries; each module's docstring gives its command."""
