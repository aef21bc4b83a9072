"""Housekeeping: what is done at its time, whether anything is wrong or not."""
