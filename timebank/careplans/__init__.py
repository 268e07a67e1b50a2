"""Care plans, entitlement, visiting cadence: what an elder needs and agreed to."""
