import type {
  CandidateOutcome,
  DrawdownStatus,
  GrantCategory,
  LedgerEntryKind,
  SegmentStatus,
  WebhookDeliveryStatus,
  WebhookFormat,
} from '../gql/documents';

/** What the closed lists of the API are called here. */
export const KINDS: Record<LedgerEntryKind, string> = {
  GRANT: 'Grant',
  DEDUCTION: 'Deduction',
  REVERSAL: 'Reversal',
  EXPIRATION: 'Expiration',
  EXPIRATION_REVERSAL: 'Expiration taken back',
  ROLLOVER: 'Rollover',
  VOID: 'Void',
  MANUAL: 'Manual',
  AMENDMENT: 'Amendment',
};

export const CATEGORIES: Record<GrantCategory, string> = {
  PAID: 'Paid',
  PROMOTIONAL: 'Promotional',
};

export type AnyStatus = SegmentStatus | DrawdownStatus | 'ENDED';

export const STATUSES: Record<AnyStatus, { word: string; tone: string }> = {
  ACTIVE: { word: 'Active', tone: 'good' },
  SCHEDULED: { word: 'Scheduled', tone: 'later' },
  DEPLETED: { word: 'Depleted', tone: 'over' },
  EXPIRED: { word: 'Expired', tone: 'over' },
  ENDED: { word: 'Ended', tone: 'over' },
  VOIDED: { word: 'Voided', tone: 'bad' },
  HELD: { word: 'Held', tone: 'held' },
  POSTED: { word: 'Posted', tone: 'good' },
  RELEASED: { word: 'Released', tone: 'over' },
  LAPSED: { word: 'Lapsed', tone: 'over' },
};

export const OUTCOMES: Record<CandidateOutcome, string> = {
  TAKEN: 'Pays',
  NOT_NEEDED: 'Not needed: those before it suffice',
  EMPTY: 'Nothing is left',
  FULLY_HELD: 'All that is left is held',
  NOT_STARTED: 'Has not started',
  ENDED: 'Is over',
  VOIDED: 'Was voided',
  OTHER_PRODUCT: 'Is for other products',
  OTHER_CONTRACT: 'Is for other contracts',
  OTHER_GROUP: 'Is for other group values',
};

export const FORMATS: Record<WebhookFormat, string> = {
  SCRIP: 'Scrip events (Standard Webhooks)',
  STRIPE: 'Stripe events',
};

export const DELIVERIES: Record<WebhookDeliveryStatus, { word: string; tone: string }> = {
  PENDING: { word: 'Pending', tone: 'later' },
  DELIVERED: { word: 'Delivered', tone: 'good' },
  SKIPPED: { word: 'Skipped', tone: 'over' },
  DEAD: { word: 'Given up', tone: 'bad' },
};

/** What is offered; the API has the last word on which there are. */
export const EVENT_TYPES: Record<WebhookFormat, string[]> = {
  SCRIP: [
    ...['created', 'edited', 'expired', 'extended', 'rolled_over', 'voided'].map((verb) => `credit_grant.${verb}`),
    ...['created', 'edited', 'ended', 'voided'].map((verb) => `credit.${verb}`),
    ...['created', 'captured', 'released', 'lapsed', 'reversed'].map((verb) => `drawdown.${verb}`),
    'ledger_entry.created',
    ...['created', 'updated', 'archived'].map((verb) => `customer.${verb}`),
    ...['created', 'edited', 'ended', 'extended', 'archived'].map((verb) => `contract.${verb}`),
    ...['created', 'updated'].flatMap((verb) => [`product.${verb}`, `credit_type.${verb}`]),
    ...['created', 'revoked'].map((verb) => `api_key.${verb}`),
  ],
  STRIPE: [
    ...['created', 'updated'].map((verb) => `billing.credit_grant.${verb}`),
    'billing.credit_balance_transaction.created',
    ...['created', 'updated', 'deleted'].map((verb) => `customer.${verb}`),
    ...['created', 'advancing', 'ready', 'deleted'].map((verb) => `test_helpers.test_clock.${verb}`),
  ],
};
