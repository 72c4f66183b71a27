"""How well customers were served: ratings, figures that open into the tickets behind them, and what follows."""
