"""What marketplaces check, checked first: rules over a tree, a disk or this machine."""
