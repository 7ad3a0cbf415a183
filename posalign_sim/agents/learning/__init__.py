"""Those who learn from what they earn."""
