"""The demo: a broker, a simulated process and a worker as programs of their own, and a view of what the worker says.

The view knows no more than any reader could: the worker's `/metrics` and the alerts topic.
"""
