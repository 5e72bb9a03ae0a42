"""Le Bail, Pawley and fixed-atom fits of whole patterns, and the capture of wrong cells."""
