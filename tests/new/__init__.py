"""``allegiance new``, and folders that are no copy of the packaged graph."""
