"""Model files described: what was read from one, what is wrong with it, and how to draw it."""
