"""Video and pictures: reading, writing, and the arithmetic of maps."""
