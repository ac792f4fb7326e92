"""The optical-flow backends."""
