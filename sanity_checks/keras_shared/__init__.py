"""What `keras2` and `keras3` have in common: written once over the public names of both, given a package's `graph` module."""
