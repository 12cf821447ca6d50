// A js-libp2p peer that is told what to do by lines of JSON on its standard input, and answers with lines of JSON.
import { createInterface } from 'node:readline'
import { createHash } from 'node:crypto'

if (Promise.withResolvers === undefined) {
  Promise.withResolvers = function () {
    const out = {}
    out.promise = new Promise((resolve, reject) => Object.assign(out, { resolve, reject }))
    return out
  }
}

const { createLibp2p } = await import('libp2p')
const { tcp } = await import('@libp2p/tcp')
const { noise } = await import('@chainsafe/libp2p-noise')
const { yamux } = await import('@chainsafe/libp2p-yamux')
const { identify, identifyPush } = await import('@libp2p/identify')
const { ping } = await import('@libp2p/ping')
const { gossipsub } = await import('@libp2p/gossipsub')
const { generateKeyPair } = await import('@libp2p/crypto/keys')
const { multiaddr } = await import('@multiformats/multiaddr')

const [keyType] = process.argv.slice(2)
const ECHO = '/kimura/echo/1'
const TOPIC = 'interop'
const say = (value) => process.stdout.write(JSON.stringify(value) + '\n')
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex')

const node = await createLibp2p({
  privateKey: await generateKeyPair(keyType),
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: { inboundConnectionThreshold: 1000 },
  services: {
    identify: identify(),
    identifyPush: identifyPush(),
    ping: ping(),
    pubsub: gossipsub({
      allowPublishToZeroTopicPeers: true,
      globalSignaturePolicy: 'StrictNoSign',
      scoreParams: { IPColocationFactorWhitelist: new Set(['127.0.0.1']) }
    })
  }
})

const frame = (bytes) => {
  const prefix = []
  let length = bytes.length
  for (; length >= 0x80; length >>>= 7) prefix.push((length & 0x7f) | 0x80)
  prefix.push(length)
  return Uint8Array.from([...prefix, ...bytes])
}

const readAll = async (stream) => {
  const parts = []
  for await (const part of stream) parts.push(part.subarray())
  return Buffer.concat(parts)
}

const send = async (stream, bytes) => {
  for (let i = 0; i < bytes.length; i += 65536) {
    if (!stream.send(bytes.subarray(i, i + 65536))) {
      await stream.onDrain({ signal: AbortSignal.timeout(10_000) })
    }
  }
}

// Echo: whatever comes, framed or not, goes back once the other side has ended.
await node.handle(ECHO, async (stream) => {
  await send(stream, await readAll(stream))
  await stream.close()
})

node.services.pubsub.addEventListener('message', (event) => {
  if (event.detail.topic === TOPIC) say({ event: 'message', size: event.detail.data.length, sha256: digest(event.detail.data) })
})
node.services.pubsub.subscribe(TOPIC)

const peerNamed = (id) => node.getPeers().find((peer) => peer.toString() === id)
const commands = {
  dial: async ({ address }) => ({ peer: (await node.dial(multiaddr(address))).remotePeer.toString() }),
  ping: async ({ peer }) => ({ milliseconds: await node.services.ping.ping(peerNamed(peer)) }),
  identified: async ({ peer }) => {
    const found = await node.peerStore.get(peerNamed(peer))
    const agent = found.metadata.get('AgentVersion')
    return { protocols: found.protocols, agent: agent ? new TextDecoder().decode(agent) : '' }
  },
  subscribers: async () => ({ peers: node.services.pubsub.getSubscribers(TOPIC).map((peer) => peer.toString()) }),
  publish: async ({ size, fill }) => {
    const data = new Uint8Array(size).fill(fill)
    return { recipients: (await node.services.pubsub.publish(TOPIC, data)).recipients.length, sha256: digest(data) }
  },
  echo: async ({ peer, size, fill }) => {
    const stream = await node.dialProtocol(peerNamed(peer), ECHO)
    const data = frame(new Uint8Array(size).fill(fill))
    const reading = readAll(stream)
    await send(stream, data)
    await stream.close()
    const back = await reading
    return { same: Buffer.compare(Buffer.from(data), back) === 0, size: back.length }
  },
  hangUp: async ({ peer }) => {
    await node.hangUp(peerNamed(peer))
    return {}
  },
  resetGossip: async ({ peer }) => {
    const streams = node.getConnections(peerNamed(peer)).flatMap((connection) => connection.streams)
    const gossip = streams.filter((stream) => stream.protocol.startsWith('/meshsub/'))
    gossip.forEach((stream) => stream.abort(new Error('reset by the test')))
    return { streams: gossip.length }
  },
  connections: async () => ({ peers: node.getPeers().map((peer) => peer.toString()) })
}

say({ event: 'ready', peer: node.peerId.toString(), addresses: node.getMultiaddrs().map(String), node: process.version })
for await (const line of createInterface({ input: process.stdin })) {
  const { id, command, ...rest } = JSON.parse(line)
  try {
    say({ id, ...(await commands[command](rest)) })
  } catch (error) {
    say({ id, error: `${error.name}: ${error.message}` })
  }
}
await node.stop()
process.exit(0)
