"""The built-in target models. Each module here is a plugin and is found in the same way as one of a third party."""
