"""Campaigns against delivery: workers and brokers are ended at random moments, and nothing may be lost or repeated."""
