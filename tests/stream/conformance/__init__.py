"""Tests of conformance: costs against oracles, explanations by example."""
