"""Live updates on the wire: shared execution, frames made once, and sockets written to directly."""
