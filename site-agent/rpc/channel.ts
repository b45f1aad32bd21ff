// How a connection to the coordinator is made: windows for long lines, pings that keep firewalls from forgetting it, no
// retries behind our back, and the route that the environment asks for.

import { setDefaultHighWaterMark } from 'node:stream'
import type { ChannelCredentials, ClientOptions } from '@grpc/grpc-js'
import { agentWindowBytes, maxMessageBytes, messagesAhead } from '../../shared/protocol/limits.ts'
import { type Environment, routeTo, underRoute } from '../proxy.ts'

/** Resuming is our own; grpc-js's retries would keep whole uploads in memory. */
const channelOptions: ClientOptions = {
  'grpc.enable_retries': 0,
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  'grpc-node.flow_control_window': agentWindowBytes,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 500,
  'grpc.max_reconnect_backoff_ms': 5_000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
}

export interface ChannelTarget {
  /** host:port; by name, because a certificate names hosts. */
  readonly address: string
  readonly credentials: ChannelCredentials
  readonly environment: Environment
}

/** @throws SequelaError `config_invalid` when the environment names a proxy that cannot be used. */
export function openClient<Client>(
  Client: new (address: string, credentials: ChannelCredentials, options: ClientOptions) => Client,
  { address, credentials, environment }: ChannelTarget,
): Client {
  setDefaultHighWaterMark(true, messagesAhead)
  const route = routeTo(hostOf(address), environment)
  return underRoute(
    route,
    environment,
    (proxyOptions) => new Client(address, credentials, { ...channelOptions, ...proxyOptions }),
  )
}

export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'))
}

export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}
