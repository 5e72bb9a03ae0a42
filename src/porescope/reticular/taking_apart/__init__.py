"""From a crystal to the pieces that it is made of."""
