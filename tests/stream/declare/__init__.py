"""Declare constraints against definitions that know nothing of how the product reads them."""
