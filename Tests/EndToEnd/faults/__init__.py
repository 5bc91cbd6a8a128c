"""What goes wrong around the suite: what a person sees of it, and that work goes on by itself."""
