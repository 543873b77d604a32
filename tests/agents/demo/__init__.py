"""The demo: what the view makes of figures and alerts."""
