"""The second door of the core: what is true of many cases, over all tasks. See `stream.ledger.ledger`."""
