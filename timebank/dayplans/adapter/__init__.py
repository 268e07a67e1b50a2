"""The door to the planner: facts of a day become a problem, plans become bytes and back, questions become answers."""
