"""The figures of the probe plane, each measured next to its peers in the same run."""
