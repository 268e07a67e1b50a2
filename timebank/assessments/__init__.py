"""Assessments: how much help an elder needs, by a named and versioned scale, signed by two people."""
