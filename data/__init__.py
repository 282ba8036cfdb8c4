"""Manifests and notes, installed beside the library, which reads them by path; see README.md. No images."""
