// What this program calls itself on the wire and in reports.

/** Version of the program; the workspaces share it. */
export const programVersion = '0.1.0'

/** Raised when a message changes in a way that an older peer cannot follow. */
export const protocolVersion = 1
