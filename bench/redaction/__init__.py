"""How much of what is secret the redactor finds, and how much of what is not it leaves alone."""
