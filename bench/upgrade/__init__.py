"""What a customer misses while an upgrade is made, and where that time goes."""
