"""Manifests and notes: the package `sanity_checks.data` where this software is installed. No images; see README.md."""
