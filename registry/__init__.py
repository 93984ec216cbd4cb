"""What connectors exist, who maintains them, who decided it, and when."""
