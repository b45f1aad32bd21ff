// Names that both sides check in the same way.

/** A site's id: what its certificate says and the study file lists. */
export const siteIdPattern = /^[a-z0-9][a-z0-9-]{0,39}$/
