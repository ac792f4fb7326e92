"""The flow networks. They need only torch and have the official key names, so that the authors' weights load."""
