"""The demo district: Wulong's 26 real townships with invented villages, people and two closed months of history."""
