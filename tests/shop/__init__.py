"""The toy shop by itself: what an integrator copies must be right."""
