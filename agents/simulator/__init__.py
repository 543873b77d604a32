"""The example process: made-up support tickets for the demo and for trying things out.

Nothing here is measured from a real company. The suppliers, their speeds and their habits are invented in `profile`,
and every random choice follows from a seed, so that one seed and one instant always give the same tickets.
"""
