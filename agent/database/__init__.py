"""Where the application's database stands, and moving it."""
