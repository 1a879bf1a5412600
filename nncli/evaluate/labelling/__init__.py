"""What predictions reveal about the labels themselves: `confident` finds those that are probably wrong."""
