"""The endpoint over a small store: real readers, a real front, asked over HTTP."""
