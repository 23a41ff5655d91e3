"""What the bars are held against, each a server of its own in a process of its own."""
