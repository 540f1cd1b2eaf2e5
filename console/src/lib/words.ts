import type {
  CandidateOutcome,
  DrawdownStatus,
  GrantCategory,
  LedgerEntryKind,
  SegmentStatus,
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
