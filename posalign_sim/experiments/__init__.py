"""Studies: from a configuration to a report."""
