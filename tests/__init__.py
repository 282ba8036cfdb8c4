"""Tests; `registry` holds what those that go over registered names share."""
