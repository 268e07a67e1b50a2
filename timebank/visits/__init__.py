"""Visits from the request to the settled hour: generation, check-in, proof, confirmation, review, settlement."""
