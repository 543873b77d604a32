"""Tests of what an operator gets: compose file, Prometheus configuration, dashboards."""
