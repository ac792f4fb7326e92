"""The networks. They need only torch (and timm), so that each can be read next to its paper."""
