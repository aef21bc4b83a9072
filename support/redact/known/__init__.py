"""Known values: secrets harvested from the appliance itself, removed wherever they stand."""
