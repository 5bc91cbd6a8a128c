"""How the walk over the API goes: what a method may name, valid requests for each, and two entities with everything."""
