"""Grand canonical Monte Carlo by RASPA3, in a process of its own."""
