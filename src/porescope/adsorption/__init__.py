"""Guest molecules in frameworks: force fields, energies, Henry coefficients, isotherms, pores."""
