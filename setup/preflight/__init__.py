"""What must hold before setup touches the machine."""
