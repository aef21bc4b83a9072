"""The probe plane: a forked child that answers load balancers and nothing else."""
