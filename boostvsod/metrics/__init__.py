"""What one frame's map is worth, given its truth. `boostvsod.metrics` puts the measures together.

Maps are H x W floats in [0, 1], truths H x W booleans. Each measure equals pysodmetrics 1.6.2, which is
what the field's papers are scored with today; the degenerate cases (no object, nothing but object) too.
"""
