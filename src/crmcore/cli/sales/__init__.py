"""The commands about sales: orders, leads, and the deals in the pipeline."""
