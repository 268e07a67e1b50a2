"""Visits from the request to the settled hour: generation, check-in and out, proof, confirmation, review, settlement."""
