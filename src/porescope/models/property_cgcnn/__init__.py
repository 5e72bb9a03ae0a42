"""The preset ``cgcnn``: the crystal graph convolutional network."""
