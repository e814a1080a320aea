// The e2e-cli contract of Segment's SDKs, the half that a program in JavaScript has to keep.
// See cli_contract.py for what goes in and comes out.

const defaults = { flushAt: 20, flushInterval: 1000, maxRetries: 3, timeout: 15 }

/** Carry the order of the command line out and say what became of it. */
export async function run(deliver) {
  let said
  try {
    said = { success: true, ...(await deliver(readOrder(process.argv))) }
    said.success = !said.error
  } catch (error) {
    said = { success: false, sentBatches: 0, error: `${error?.name}: ${error?.message ?? error}` }
  }
  process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit(said.success ? 0 : 1))
}

function readOrder(argv) {
  const given = argv.indexOf('--input')
  if (given === -1 || argv[given + 1] === undefined) {
    throw new Error('--input JSON is missing')
  }
  const order = JSON.parse(argv[given + 1])
  // There is no default for apiHost, so nothing ever reaches Segment.
  for (const name of ['writeKey', 'apiHost', 'sequences']) {
    if (!order?.[name]) {
      throw new Error(`the input must have ${name}`)
    }
  }
  return { ...order, config: { ...defaults, ...order.config } }
}

/** Make the calls of an order, each when its sequence is due; `track` may be waited for. */
export async function play(sequences, track) {
  for (const { delayMs = 0, events = [] } of sequences) {
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    for (const event of events) {
      await track(event)
    }
  }
}

/** Fetch from some hosts only, and tell what came back. */
export function fetchOnly(hosts, seen) {
  const origins = hosts.filter(Boolean).map((host) => new URL(host).origin)
  const plain = globalThis.fetch
  return async (url, options) => {
    const { origin } = new URL(url)
    if (!origins.includes(origin)) {
      throw new Error(`${origin} is none of the hosts of this order: ${origins.join(', ')}`)
    }
    const response = await plain(url, options)
    seen(response, options)
    return response
  }
}
