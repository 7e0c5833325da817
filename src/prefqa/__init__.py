"""prefqa: the quality gate for preference data."""
