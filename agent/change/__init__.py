"""Changes: from the active deployment to another one, by one flip, or back."""
