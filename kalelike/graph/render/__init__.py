"""The graph as pictures, data and explanations: for terminals, browsers and programs."""
