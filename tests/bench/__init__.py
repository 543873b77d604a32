"""How fast it is: each bench a module that measures one thing and, in the same run, what it is to be compared with."""
