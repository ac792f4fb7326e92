"""The built-in plugins other than targets. Each is found in the same way as a plugin of a third party."""
