// The way out of a hospital: which proxy the environment names for the coordinator. grpc-js ignores upper-case names and
// `https://` proxies and stumbles over an empty entry in no_proxy, each time by going another way than the one that was
// meant; so the environment is read here, loudly, and handed on in the one form that grpc-js understands.

import { SequelaError } from '../shared/protocol/errors.ts'

export type Route =
  | { readonly kind: 'direct' }
  /** `url` may hold a user and a password; `shown` does not. */
  | { readonly kind: 'proxy'; readonly url: string; readonly shown: string }

/** The process's environment variables. */
export type Environment = Record<string, string | undefined>

const proxyNames = ['grpc_proxy', 'https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']
const exemptionNames = ['no_grpc_proxy', 'no_proxy', 'NO_PROXY']

/** The way to `host` that the environment asks for. @throws SequelaError `config_invalid` for a proxy that cannot be used. */
export function routeTo(host: string, environment: Environment): Route {
  const setting = first(environment, proxyNames)
  if (setting === undefined || isExempt(host, environment)) return { kind: 'direct' }
  const url = URL.canParse(setting.value) ? new URL(setting.value) : undefined
  if (url?.protocol !== 'http:' || url.hostname === '') {
    const message = `${setting.name} names a proxy that cannot be used; it must look like http://host:port (TLS to the proxy itself is not supported)`
    throw new SequelaError('config_invalid', message)
  }
  return { kind: 'proxy', url: setting.value, shown: `http://${url.host}` }
}

/**
 * Makes something that reads the environment as grpc-js does, so that it takes the route: grpc-js looks only at the moment
 * in which a channel is made. The environment is afterwards as it was before, for programs that we start.
 */
export function underRoute<Made>(
  route: Route,
  environment: Environment,
  make: (options: { readonly 'grpc.enable_http_proxy': 0 | 1 }) => Made,
): Made {
  if (route.kind === 'direct') return make({ 'grpc.enable_http_proxy': 0 })
  const names = ['grpc_proxy', 'no_grpc_proxy', 'no_proxy']
  const before = names.map((name) => [name, environment[name]] as const)
  for (const name of names) delete environment[name]
  environment.grpc_proxy = route.url
  try {
    return make({ 'grpc.enable_http_proxy': 1 })
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete environment[name]
      else environment[name] = value
    }
  }
}

function isExempt(host: string, environment: Environment): boolean {
  const list = first(environment, exemptionNames)?.value ?? ''
  const entries = list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .map((entry) => entry.replace(/^\*?\./, ''))
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
