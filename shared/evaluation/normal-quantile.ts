// Half the width of a 95 % interval in standard errors.

/** The 97.5 % quantile of the standard normal distribution. */
export const normalQuantile = 1.959964
