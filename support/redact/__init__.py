"""Redaction: secrets removed, names replaced by pseudonyms, in one pass over a stream of bytes."""
