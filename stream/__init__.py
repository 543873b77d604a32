"""What follows: the pure core, without I/O, wall clock, logging or asyncio. Same inputs in order, same outputs."""
