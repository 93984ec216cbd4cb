"""What the public reads about governance, worked out once for the pages and for the API alike."""
