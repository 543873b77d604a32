"""Tests of what spans tasks."""
