"""The commands that answer queries, run as a user runs them."""
