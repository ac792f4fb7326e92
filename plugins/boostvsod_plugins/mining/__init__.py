"""Ways to choose the frames worth learning from."""
