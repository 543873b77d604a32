"""What things are: frozen, validated values for the wire, the definition files and the settings."""
