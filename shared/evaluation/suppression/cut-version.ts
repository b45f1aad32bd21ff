/**
 * Names the way in which a site divides what it tells in an evaluation: risk bins, families and their levels, cells, what is withheld.
 * To be counted up with every change that has the same landmarks leave in other sums: two ways of cutting the same landmarks
 * can tell together what neither does (decision 33), so a site finishes an evaluation in the way in which it began it.
 */
export const cutVersion = 1
