"""Logins, roles by area, server-side sessions, and the one guard that every route declares."""
