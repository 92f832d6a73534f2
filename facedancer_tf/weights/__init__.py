"""Files of weights: which there are, what is inside, networks made of them."""
