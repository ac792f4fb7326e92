"""Motion saliency: maps of what stands out in a flow field."""
