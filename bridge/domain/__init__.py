"""What Bridge knows about trading, without I/O, clock or library."""
