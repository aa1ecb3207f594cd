"""Mail: letters, and how they leave."""
