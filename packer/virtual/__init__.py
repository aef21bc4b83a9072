"""The image in a virtual machine: started, watched, spoken to, ended."""
