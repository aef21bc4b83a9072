"""Certificates: made, checked and put in place as one act."""
