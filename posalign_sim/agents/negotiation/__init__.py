"""Those who bargain, and what they reckon with."""
