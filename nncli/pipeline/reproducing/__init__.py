"""Training a run again and comparing the two: `reproduce` tells the story, `traces` compares what two runs left."""
