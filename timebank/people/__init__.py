"""Elders, volunteers, kin and proxies; consents, qualifications, real-name checks."""
