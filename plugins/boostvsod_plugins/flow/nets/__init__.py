"""Flow networks alone: torch only, official key names, so that the authors' weights load as they are."""
