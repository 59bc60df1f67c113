"""SERVICE to allowed origins: the rules of the forwarder, with real endpoints on loopback."""
