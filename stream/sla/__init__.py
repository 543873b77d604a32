"""Service levels: each kind starts and stops clocks as a case's events are folded; time does the rest."""
