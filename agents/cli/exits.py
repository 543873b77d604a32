"""What the command line's exit codes mean; a script may rely on them."""

from typing import Final

DONE: Final = 0
FOUND_WRONG: Final = 1
"""Something given was found wrong: a bad definition, a model refused."""
USED_WRONGLY: Final = 2
"""The command itself was used wrongly: an unknown option, an argument missing."""
OUTSIDE_FAILED: Final = 3
"""A part outside failed: the broker, the disk."""
