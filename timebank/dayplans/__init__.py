"""Day plans: a township's day drafted by the planner, changed by hand, published, repaired; the door to dispatch."""
