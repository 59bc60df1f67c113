// Ask an endpoint by one of the clients, and print what it gave as JSON: rows, a truth value or
// the number of triples for each query.
//
//     node ask.mjs CLIENT ADDRESS QUERIES    (QUERIES: name → [kind, query], as JSON)

const [client, address, queries] = process.argv.slice(2);

const clients = {
  async comunica() {
    const { QueryEngine } = await import('@comunica/query-sparql');
    const engine = new QueryEngine();
    const context = { sources: [{ type: 'sparql', value: address }] };
    const found = { sources: [address] };
    return {
      rows: async (query) =>
        (await (await engine.queryBindings(query, found)).toArray()).map(plain),
      boolean: async (query) => engine.queryBoolean(query, context),
      graph: async (query) =>
        (await (await engine.queryQuads(query, context)).toArray()).length,
    };
  },

  async fetch() {
    const { SparqlEndpointFetcher } = await import('fetch-sparql-endpoint');
    const fetcher = new SparqlEndpointFetcher();
    const post = new SparqlEndpointFetcher({ method: 'POST' });
    return {
      rows: async (query) => {
        const all = [];
        for (const one of [fetcher, post]) {
          const rows = await collect(await one.fetchBindings(address, query));
          all.push(rows.map((row) =>
            Object.fromEntries(Object.entries(row).map(([name, term]) => [name, term.value]))));
        }
        if (JSON.stringify(all[0]) !== JSON.stringify(all[1])) {
          throw new Error('GET and POST differ');
        }
        return all[0];
      },
      boolean: async (query) => fetcher.fetchAsk(address, query),
      graph: async (query) => (await collect(await fetcher.fetchTriples(address, query))).length,
    };
  },

  async http() {
    const { default: SparqlClient } = await import('sparql-http-client');
    const streaming = new SparqlClient({ endpointUrl: address });
    return {
      rows: async (query) => {
        const all = [];
        for (const operation of ['get', 'postUrlencoded', 'postDirect']) {
          const rows = await collect(streaming.query.select(query, { operation }));
          all.push(rows.map((row) =>
            Object.fromEntries(Object.entries(row).map(([name, term]) => [name, term.value]))));
        }
        if (new Set(all.map((rows) => JSON.stringify(rows))).size !== 1) {
          throw new Error('the three ways differ');
        }
        return all[0];
      },
      boolean: async (query) => streaming.query.ask(query),
      graph: async (query) => (await collect(streaming.query.construct(query))).length,
    };
  },
};

const plain = (row) =>
  Object.fromEntries([...row].map(([variable, term]) => [variable.value, term.value]));

const collect = async (stream) => {
  const found = [];
  for await (const item of stream) {
    found.push(item);
  }
  return found;
};

const asking = await clients[client]();
const said = {};
for (const [name, [kind, query]] of Object.entries(JSON.parse(queries))) {
  said[name] = await asking[kind](query);
}
console.log(JSON.stringify(said));
