"""Planted faults: what people leave in images, and whether the rules of certify find it."""
