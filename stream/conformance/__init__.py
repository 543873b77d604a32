"""How far a case is from its reference model: exact online prefix alignments, memoised as an automaton.

Theory of operation, top down: `automaton` is the door; `decomposition` folds a net into machines (`tabulated`, `lazy`);
a `machine` steps `frontier`s, whose items are plain states or modes of a `block`; `gains` proves which items can never
matter, and `reduction` drops them; `journal` writes a frontier down. Where too much had to be dropped for a cost to be
proven, `resolving` goes over the case again, with the bounds that `counts` gives. To say what happened, `path` replays
a case and finds one `alignment` behind its cost, `routes` spells out the model's steps, and `explain` turns moves into
`deviation`s.

Costs everywhere: log move 1, visible model move 1, silent and synchronous moves 0 (Adriansyah 2014).
"""
