"""Counting stock and trusting it: cycle counts, snapshots of warehouse systems, distortion."""
