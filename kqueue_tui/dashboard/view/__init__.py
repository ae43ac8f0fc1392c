"""What the dashboard shows, computed without Textual (pure): looks, columns, filter, order, lines."""
