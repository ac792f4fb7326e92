"""Motion saliency: what stands out in a flow field."""
