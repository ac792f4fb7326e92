"""The networks alone: torch (and timm) only, so each can be read beside its paper."""
