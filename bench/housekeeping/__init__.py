"""What housekeeping costs while there is nothing to do."""
