"""The private environment, made before our libraries are there: standard library only."""
