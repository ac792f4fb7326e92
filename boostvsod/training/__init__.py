"""Training: the optimiser loop, samples, losses, and one procedure for each kind of network."""
