"""Mutual help (互助): groups of neighbours, village teams, pairs of elder and helper, rounds of doors, afternoons."""
