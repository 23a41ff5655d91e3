// The source of graphiql.js and graphiql.css; how they are made stands in README.md.
import { createRoot } from 'react-dom/client';
import { createElement } from 'react';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { getOperationAST, parse, print, separateOperations } from 'graphql';
import 'graphiql/style.css';

const httpUrl = new URL(location.pathname, location.href);
const socketUrl = new URL(httpUrl);
socketUrl.protocol = httpUrl.protocol === 'https:' ? 'wss:' : 'ws:';

// Header names in lower case; an authorization without a token is none.
const lower = (headers) =>
  Object.fromEntries(
    Object.entries(headers ?? {})
      .map(([name, value]) => [name.toLowerCase(), value])
      .filter(([name, value]) => name !== 'authorization' || !/^bearer\s*$/i.test(value)),
  );

// The server takes one operation a request: send the one that runs, with the fragments it spreads.
const only = (params) => {
  try {
    const parts = separateOperations(parse(params.query));
    const name = params.operationName ?? '';
    return Object.hasOwn(parts, name) ? { ...params, query: print(parts[name]) } : params;
  } catch {
    return params; // the server says what is wrong with it
  }
};

const isSubscription = ({ query, operationName }) => {
  try {
    return getOperationAST(parse(query), operationName)?.operation === 'subscription';
  } catch {
    return false;
  }
};

const request = async (params, headers) => {
  const response = await fetch(httpUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...lower(headers) },
    body: JSON.stringify(params),
  });
  return response.json();
};

// One socket per subscription: the token in the headers editor at that moment opens it.
const subscribe = (params, headers) => {
  const client = createClient({
    url: socketUrl.href,
    lazy: true,
    connectionParams: () => {
      const { authorization } = lower(headers);
      return authorization ? { authorization } : {};
    },
    retryAttempts: 5,
  });
  const results = client.iterate(params);
  return {
    [Symbol.asyncIterator]() { return this; },
    next: () => results.next(),
    async return() {
      const done = await results.return();
      await client.dispose();
      return done;
    },
  };
};

const fetcher = (given, { headers } = {}) => {
  const params = only(given);
  return isSubscription(params) ? subscribe(params, headers) : request(params, headers);
};

createRoot(document.getElementById('graphiql')).render(
  createElement(GraphiQL, {
    fetcher,
    shouldPersistHeaders: true,
    defaultEditorToolsVisibility: 'headers',
    defaultHeaders: '{\n  "authorization": "Bearer "\n}',
    defaultQuery: '# Paste a token into the headers below, then run.\nquery WhoAmI {\n  viewer {\n    subject\n    role\n  }\n}\n',
  }),
);
