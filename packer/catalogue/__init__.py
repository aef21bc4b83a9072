"""What was built here, and which images are for development, testing and customers."""
