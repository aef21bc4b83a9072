"""The verbs of the image: screens, arguments, exit statuses."""
