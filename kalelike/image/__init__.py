"""From the graph of steps to an image for each: what they need, planned, written, built."""
