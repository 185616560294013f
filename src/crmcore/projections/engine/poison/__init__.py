"""Events that stand in the way: what a projection does about them, and trying them again."""
