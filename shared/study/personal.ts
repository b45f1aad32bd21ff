// Parameters that stay with each site (FedPer, Arivazhagan et al. 2019): trained there, never averaged, never sent.

/** Whether a parameter is among those that stay, which are named by their beginning: `head.risk` means all of that head. */
export function staysAtSite(parameter: string, personal: readonly string[] = []): boolean {
  return personal.some((name) => parameter === name || parameter.startsWith(`${name}.`))
}
