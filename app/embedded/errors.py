"""What can go wrong around the embedded servers; each message says what to do."""


class EmbeddedServerError(RuntimeError):
    """A database or stream server that Unico wanted to start is not running."""


class HomeInUse(EmbeddedServerError):
    """Another process holds the home folder."""
