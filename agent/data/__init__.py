"""The application's data: generations cloned, measured and compared."""
