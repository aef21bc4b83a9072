"""The report: one HTML page that shows a bundle without a network."""
