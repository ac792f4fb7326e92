"""One HTML file that shows a run or a benchmark: no network, nothing beside it, opens from disk."""
