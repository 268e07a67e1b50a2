"""Assessments, home-care beds, care plans, entitlement, visiting cadence: what an elder needs and agreed to."""
