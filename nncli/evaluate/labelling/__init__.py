"""What predictions say of the labels themselves: `confident` finds those that are probably wrong."""
