// The way out of a hospital: which proxy the environment names for the coordinator. grpc-js ignores upper-case names and
// `https://` proxies and stumbles over an empty entry in no_proxy, each time by going another way than the one that was
// meant; so the environment is read here, loudly, and handed on in the one form that grpc-js understands.

import { SequelaError } from '../shared/protocol/errors.ts'

export type Route =
  | { readonly kind: 'direct' }
  /** `url` may hold a user and a password; `shown` does not. */
  | { readonly kind: 'proxy'; readonly url: string; readonly shown: string }

type Environment = Readonly<Record<string, string | undefined>>

/** The way to `host` that the environment asks for. @throws SequelaError `config_invalid` for a proxy that cannot be used. */
export function routeTo(host: string, environment: Environment): Route {
  const setting = first(environment, ['grpc_proxy', 'https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'])
  if (setting === undefined || isExempt(host, environment)) return { kind: 'direct' }
  const url = URL.canParse(setting.value) ? new URL(setting.value) : undefined
  if (url?.protocol !== 'http:' || url.hostname === '') {
    const message = `${setting.name} names a proxy that cannot be used; it must look like http://host:port (TLS to the proxy itself is not supported)`
    throw new SequelaError('config_invalid', message)
  }
  return { kind: 'proxy', url: setting.value, shown: `http://${url.host}` }
}

/** Puts the route into the variables that grpc-js reads, and takes away those that would mislead it. */
export function applyRoute(route: Route, environment: Record<string, string | undefined>): void {
  for (const name of ['grpc_proxy', 'https_proxy', 'http_proxy', 'no_grpc_proxy', 'no_proxy']) delete environment[name]
  if (route.kind === 'proxy') environment.grpc_proxy = route.url
}

function isExempt(host: string, environment: Environment): boolean {
  const list = first(environment, ['no_grpc_proxy', 'no_proxy', 'NO_PROXY'])?.value ?? ''
  const entries = list
    .split(',')
    .map((entry) =>
      entry
        .trim()
        .toLowerCase()
        .replace(/^\*?\./, ''),
    )
    .filter((entry) => entry !== '')
  const name = host.toLowerCase()
  const loopback = name === 'localhost' || name.startsWith('127.') || name === '[::1]'
  return loopback || entries.some((entry) => entry === '*' || name === entry || name.endsWith(`.${entry}`))
}

function first(
  environment: Environment,
  names: readonly string[],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = environment[name]?.trim()
    if (value !== undefined && value !== '') return { name, value }
  }
  return undefined
}
