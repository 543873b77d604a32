"""Tests against a real Apache Kafka, and the fixtures that start one."""
