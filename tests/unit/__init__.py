"""Fast tests: a scripted host, a temporary root, no process and no socket."""
