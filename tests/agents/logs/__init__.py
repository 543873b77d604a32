"""Event logs of every kind, good and damaged."""
