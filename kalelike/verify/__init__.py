"""The proof that a pipeline computes what its notebook computes, for one notebook."""
