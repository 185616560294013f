"""The commands about service: cases, service levels, their metrics, and what customers say."""
