"""What happens: Kafka, Faust, the clock, metrics, HTTP and the command line. No rule of the domain."""
