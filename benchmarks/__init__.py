"""Side by side with hand-written loops and with peers, in one run: `python -m benchmarks`."""
