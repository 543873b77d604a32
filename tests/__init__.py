"""The tests, by cost: schemas and stream in milliseconds, then agents, scenarios, deploy, and a real Kafka."""
