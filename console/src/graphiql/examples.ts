/** What the examples are about. */
export interface Around {
  externalId: string;
  customerId: string;
  grantId: string;
  /** Whether it is there to be tried on: the demo's. Anybody else's is looked at only. */
  isDemo: boolean;
}

/** What the playground opens with, ready to run. */
const examplesWith = ({ externalId, customerId, grantId, isDemo }: Around): { query: string; variables: object }[] => [
  {
    query: `# A nested look-up: a customer, its balances, its grants, their movements.
query Lookup($externalId: String!) {
  customer(externalId: $externalId) {
    id
    name
    balances {
      creditType { id name }
      posted
      held
      available
      scheduled
      expiring(withinDays: 60)
    }
    creditGrants(first: 5, order: NEWEST_FIRST) {
      nodes {
        id
        name
        status
        remaining
        ledgerEntries(first: 3) {
          nodes { sequence kind amount runningBalance effectiveAt }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
}
`,
    variables: { externalId },
  },
  {
    query: `# A grant. The customer's id comes from Lookup. With an idempotencyKey
# it can be sent again: it is done once. What is refused says why in userErrors.
mutation Grant($customerId: ID!) {
  createCreditGrant(
    input: {
      customerId: $customerId
      name: "Goodwill"
      grantAmount: { amount: "500.25" }
      expiresAt: "2099-01-01T00:00:00Z"
      reason: "slow week"
      idempotencyKey: "playground-grant-1"
    }
  ) {
    creditGrant { id name status remaining }
    balance { posted available sequence }
    replayed
    userErrors { field code message }
  }
}
`,
    variables: { customerId: isDemo ? customerId : '' },
  },
  {
    query: `# What would a drawdown take, and why? Run Preview, then DrawDown.
query Preview($input: DrawDownInput!) {
  previewDrawdown(input: $input) {
    applied
    shortfall
    candidates {
      rank
      outcome
      available
      takes
      creditGrant { name status }
      credit { name }
    }
    userErrors { field code message }
  }
}

mutation DrawDown($input: DrawDownInput!) {
  drawDown(input: $input) {
    drawdown { id status applied shortfall slices { amount creditGrant { name } } }
    balance { available }
    replayed
    userErrors { field code message }
  }
}
`,
    variables: {
      input: { customerId, amount: '120.5', idempotencyKey: 'playground-drawdown-1', reason: '1,205 images' },
    },
  },
  {
    query: `# A void says that a grant should not have existed. A used one is refused with
# PARTLY_USED, unless only the remainder is meant.
mutation Void($grantId: ID!) {
  voidCreditGrant(input: { id: $grantId, remainderOnly: true, reason: "wrong customer" }) {
    creditGrant {
      status
      remaining
      ledgerEntries(first: 10) { nodes { kind amount runningBalance reason } }
    }
    balance { posted }
    userErrors { field code message }
  }
}
`,
    variables: { grantId: isDemo ? grantId : '' },
  },
  {
    query: `# The ledger as it is written: leave it running, and grant or draw down elsewhere.
# USD is 2714e483-4ff1-48e4-9e25-ac732e8f24f2; other ids come from Lookup.
subscription Live($customerId: ID!, $creditTypeId: ID!) {
  ledgerEntryAdded(customerId: $customerId, creditTypeId: $creditTypeId) {
    sequence
    kind
    amount
    runningBalance
    effectiveAt
    createdBy
    reason
  }
}
`,
    variables: { customerId, creditTypeId: '2714e483-4ff1-48e4-9e25-ac732e8f24f2' },
  },
];

interface Tab {
  query: string;
  variables: string;
}

interface Opening {
  defaultTabs: Tab[];
  /** The tab in front, where it is not the one that was left. */
  initialQuery?: string;
  initialVariables?: string;
}

/** The examples, or the tabs as they were left; in front what a link `#query=…&variables=…` asks for. */
export function opening(around: Around): Opening {
  const examples = examplesWith(around).map(({ query, variables }) => ({
    query,
    variables: JSON.stringify(variables, null, 2),
  }));
  const asked = takeLink();
  const defaultTabs = asked === null ? examples : [asked, ...examples];
  const isFirstTime = window.localStorage.getItem('graphiql:tabState') === null;
  const front = asked ?? (isFirstTime ? defaultTabs[0] : undefined);
  return front === undefined
    ? { defaultTabs }
    : { defaultTabs, initialQuery: front.query, initialVariables: front.variables };
}

function takeLink(): Tab | null {
  const link = new URLSearchParams(window.location.hash.slice(1));
  const query = link.get('query');
  if (query === null) return null;
  const { pathname, search } = window.location;
  window.history.replaceState(null, '', pathname + search);
  const variables = link.get('variables') ?? '{}';
  return { query, variables: variables === '{}' ? '' : variables };
}
