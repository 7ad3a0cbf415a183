"""The engine: worlds as records, rounds as written Python. It knows no game."""
