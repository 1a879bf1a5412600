"""One model of the seeds of a comparison: `ensemble` tells the story, `seeds` finds the trainings to join."""
