"""How well customers were served: ratings."""
