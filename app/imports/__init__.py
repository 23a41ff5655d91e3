"""Files over HTTP and from the command line, and the work on them."""
