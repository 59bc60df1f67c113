"""One module a page; each takes the site and what is asked for, and gives a ``Page`` or None."""
