"""What is asked of a source for a metric, and the metric of what it answered."""
