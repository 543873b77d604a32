"""An event log in, the expected alerts out."""
