"""Arrays in, arrays out: the numerics, on NumPy alone and without a word of medicine."""
