"""What setup does, one record a step."""
