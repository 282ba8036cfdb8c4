"""Command-line binaries; each module's docstring gives its command."""

from sanity_checks import parents

parents.follow()
