"""Ways to make the final map of what target, motion and student say."""
