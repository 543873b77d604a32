"""Models drawn as SVG: a model becomes a `diagram`, that is `arranged` on the plane, and written as `svg`."""
