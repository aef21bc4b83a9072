"""Bench of moving a database: against pgcopydb alone, and killed at many moments."""
