"""Those who quote, bid, sell and buy."""
