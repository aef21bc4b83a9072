"""What runs in the machine that becomes the image: provision, and seal."""
