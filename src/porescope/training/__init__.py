"""The training room: one loop for every model, its checkpoints, its metrics."""
