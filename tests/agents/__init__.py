"""Tests of what happens around the core, without a real broker."""
