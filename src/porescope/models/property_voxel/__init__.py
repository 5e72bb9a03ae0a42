"""The preset ``voxel``: a 3-D CNN on voxels."""
