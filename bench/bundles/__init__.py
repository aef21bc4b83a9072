"""Release bundles against those who would rather have another one installed, and their speed."""
