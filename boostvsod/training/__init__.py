"""Training a network: the loop, what it sees, what it minimises."""
