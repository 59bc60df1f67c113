"""What the check catches: copies of the facts, each with one fault put in, and who finds it."""
