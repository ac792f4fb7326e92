"""The author's kit: a new plugin project from templates, and trials of any part."""
