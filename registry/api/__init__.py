"""The registry's JSON: what is public to read, and what admins do through it."""
