"""Lock files of the application: what is known of one, and what follows from it."""
