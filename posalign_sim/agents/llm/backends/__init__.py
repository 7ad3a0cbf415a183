"""What answers requests: stand-ins, servers, and models of any provider."""
