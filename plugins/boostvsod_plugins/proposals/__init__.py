"""Ways to find boxes that may hold objects."""
