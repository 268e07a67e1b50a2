"""探访 of elders in special difficulty: who is visited how often, how it went, and what follows when nobody answers."""
