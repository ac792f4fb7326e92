"""Ways to make truth for frames between the mined ones."""
