import { Alert, Button, Drawer, Modal } from '@mantine/core';
import type { CombinedError, TypedDocumentNode } from '@urql/core';
import { createContext, type ReactNode, type SyntheticEvent, useContext, useEffect, useRef, useState } from 'react';
import { useMutation } from 'urql';
import type { RefusalFragment } from '../gql/documents';
import { useFocusReturn } from '../lib/focus';
import { newKey } from '../lib/keys';
import { shortTime } from '../lib/time';
import { CopyGraphql } from '../parts/CopyGraphql';
import { Failed, messageOf, type Result } from '../parts/Loaded';
import { useToast } from '../parts/Toast';

/** What is wrong with a field, by its path in the input, as `userErrors` has it. */
export interface Fault {
  path: string;
  message: string;
}

interface Faults {
  of: (path: string) => string | undefined;
}

const FaultsContext = createContext<Faults>({ of: () => undefined });

/** What is wrong with this field. */
export function useFault(path: string): string | undefined {
  return useContext(FaultsContext).of(path);
}

type Answer<Data> = (data: Data) => { userErrors: RefusalFragment[] } | null;

interface ActionProps<Data, Input extends object> {
  title: string;
  /** What the button says that carries it out. */
  confirm: string;
  done: string;
  danger?: boolean;
  mutation: TypedDocumentNode<Data, { input: Input }>;
  answer: Answer<Data>;
  /** The input, or what can be seen to be wrong without asking. */
  build: () => Input | Fault[];
  /** What will happen; shown before anything is written. */
  consequences: (input: Input, judge: (faults: RefusalFragment[]) => void) => ReactNode;
  children: ReactNode;
  /** What the form asked the server for and its input depends on: not reviewed before it is there. */
  awaits?: Result<unknown>[];
  /** Off for the few mutations that take no idempotency key. */
  keyed?: boolean;
  /** What else is to be done with the answer. */
  carriedOut?: (data: Data) => void;
  close: () => void;
}

/** Whether a fault is of this field; a fault of one in a list is of the list's field. */
function isAbout(fault: Fault, path: string): boolean {
  return fault.path === path || fault.path.replace(/\.\d+$/, '') === path;
}

function faultsOf(refusals: RefusalFragment[]): Fault[] {
  return refusals.map(({ field, message }) => ({
    path: (field ?? []).join('.'),
    // Times in a message are in UTC; people read them in their own zone, as everywhere here.
    message: message.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, shortTime),
  }));
}

const UNSURE = 'It is not known whether this was carried out';

/** What the API says where it has surely written nothing. */
const REFUSALS: unknown[] = ['BAD_USER_INPUT', 'FORBIDDEN', 'OVERLOADED'];

/** Whether what failed so may have been carried out all the same. */
function mayHaveRun(error: CombinedError | undefined): boolean {
  if (error === undefined || error.networkError !== undefined) return true;
  return !error.graphQLErrors.every(({ extensions }) => REFUSALS.includes(extensions.code));
}

/** An input without its key, to tell whether another is the same. */
function textOf(input: object): string {
  return JSON.stringify({ ...input, idempotencyKey: undefined });
}

/**
 * The idempotency keys of one opened form. What may have been carried out, since its answer was lost,
 * keeps its key: sent again, it is done once. Anything else then needs a key of its own.
 */
function useKeys() {
  const [next, setNext] = useState(newKey);
  const [unsure, setUnsure] = useState<Record<string, string>>({});
  return {
    isUnsure: Object.keys(unsure).length > 0,
    wasLost: (input: object) => textOf(input) in unsure,
    of: (input: object) => unsure[textOf(input)] ?? next,
    lost: (input: object) => {
      if (textOf(input) in unsure) return;
      setUnsure((before) => ({ ...before, [textOf(input)]: next }));
      setNext(newKey());
    },
    /** Refused or done: what is done is answered as such each time. */
    answered: (input: object) =>
      setUnsure((before) => Object.fromEntries(Object.entries(before).filter(([text]) => text !== textOf(input)))),
  };
}

/**
 * A form, what it would do, and only then the deed. One idempotency key for each request of an opened
 * form: sent twice, it is done once.
 */
export function Action<Data, Input extends object>(props: ActionProps<Data, Input>) {
  const { title, close, build, children, answer, done, awaits = [], keyed = true } = props;
  useFocusReturn();
  const keys = useKeys();
  const [faults, setFaults] = useState<Fault[]>([]);
  const [failure, setFailure] = useState<string | null>(null);
  const [reviewed, setReviewed] = useState<Input | null>(null);
  const [refused, setRefused] = useState(false);
  const [{ fetching }, send] = useMutation(props.mutation);
  const toast = useToast();
  const form = useRef<HTMLFormElement>(null);
  const [isTyped, setTyped] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  // By a slip, nothing that was typed and nothing that is on its way is thrown away.
  const leave = () => (isTyped || fetching || keys.isUnsure ? setLeaving(true) : close());
  const isReady = awaits.every(([{ data }]) => data !== undefined);
  const shown = new Set<string>();
  const context: Faults = {
    of: (path) => {
      shown.add(path);
      return faults.find((fault) => isAbout(fault, path))?.message;
    },
  };

  useEffect(() => {
    if (reviewed === null && faults.length > 0) {
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  }, [reviewed, faults]);

  const review = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!isReady) return;
    setFailure(null);
    setRefused(false);
    const built = build();
    setFaults(Array.isArray(built) ? built : []);
    if (!Array.isArray(built)) setReviewed(keyed ? { ...built, idempotencyKey: keys.of(built) } : built);
  };

  const judge = (refusals: RefusalFragment[]) => {
    setFaults(faultsOf(refusals));
    setRefused(refusals.length > 0);
  };

  const carryOut = async () => {
    if (reviewed === null || fetching) return;
    setFailure(null);
    const result = await send({ input: reviewed });
    if (result.error !== undefined || result.data === undefined) {
      if (keyed && mayHaveRun(result.error)) keys.lost(reviewed);
      setFailure(result.error === undefined ? 'There was no answer.' : messageOf(result.error));
      return;
    }
    const refusals = answer(result.data)?.userErrors ?? [];
    if (keyed) keys.answered(reviewed);
    if (refusals.length > 0) {
      setFaults(faultsOf(refusals));
      setReviewed(null);
      return;
    }
    props.carriedOut?.(result.data);
    toast(done);
    close();
  };

  return (
    <Drawer opened onClose={leave} title={title} position="right" size="lg" padding="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      {isLeaving && <Leave stay={() => setLeaving(false)} leave={close} />}
      <FaultsContext value={context}>
        <form
          ref={(node) => {
            form.current = node;
            // Where the drawer puts the focus when it opens.
            node?.querySelector('input:not([type="hidden"]), select, textarea')?.setAttribute('data-autofocus', '');
          }}
          onInput={() => setTyped(true)}
          onClick={({ target }) => {
            if (target instanceof Element && target.closest('[role="option"], .schedule button') !== null) setTyped(true);
          }}
          onSubmit={review}
          noValidate
          hidden={reviewed !== null}
          aria-label={title}
        >
          {keys.isUnsure && reviewed === null && (
            <Alert color="yellow" variant="outline" role="alert" title={UNSURE} mb="md">
              Its answer was lost. Reviewed as it stands, it is the same request and is carried out once; changed, it is
              another one, which is carried out beside it.
            </Alert>
          )}
          <Elsewhere faults={faults} shown={shown} />
          {awaits.map((result, index) => (
            <Failed key={index} result={result} />
          ))}
          {children}
          <div className="form-foot">
            <Button variant="default" size="sm" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" size="sm" disabled={!isReady}>
              Review
            </Button>
          </div>
        </form>
      </FaultsContext>
      {reviewed !== null && (
        <Review
          {...props}
          input={reviewed}
          failure={failure}
          standing={keys.isUnsure ? (keys.wasLost(reviewed) ? 'again' : 'another') : 'first'}
          judge={judge}
        >
          <Button variant="default" size="sm" onClick={() => setReviewed(null)} disabled={fetching}>
            Back
          </Button>
          <Button
            size="sm"
            color={props.danger ? 'red.9' : undefined}
            loading={fetching}
            disabled={refused}
            onClick={() => void carryOut()}
          >
            {props.confirm}
          </Button>
        </Review>
      )}
    </Drawer>
  );
}

/** Asks before a form goes with what was typed into it. */
function Leave({ stay, leave }: { stay: () => void; leave: () => void }) {
  return (
    <Modal opened onClose={stay} title="Throw away what was typed?" withCloseButton={false} zIndex={400}>
      <p>The form closes, and what is in it is gone. What was sent is not taken back by that.</p>
      <div className="form-foot">
        <Button variant="default" size="sm" onClick={leave}>
          Throw it away
        </Button>
        <Button size="sm" onClick={stay} data-autofocus>
          Keep editing
        </Button>
      </div>
    </Modal>
  );
}

/** Faults of fields that the form does not have. Rendered last, when all fields have been asked for. */
function Elsewhere({ faults, shown }: { faults: Fault[]; shown: Set<string> }) {
  const [rest, setRest] = useState<Fault[]>([]);
  useEffect(() => setRest(faults.filter((fault) => ![...shown].some((path) => isAbout(fault, path)))), [faults]);
  if (rest.length === 0) return null;
  return (
    <Alert color="red" variant="outline" role="alert" title="This was refused; nothing was written" mb="md">
      <ul className="plain-list">
        {rest.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            {path !== '' && path !== 'id' && <code>{path}</code>} {message}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

function Review<Data, Input extends object>({
  input,
  failure,
  standing,
  judge,
  mutation,
  consequences,
  children,
}: ActionProps<Data, Input> & {
  input: Input;
  failure: string | null;
  /** Whether it was sent before and its answer lost, or another one was. */
  standing: 'first' | 'again' | 'another';
  judge: (faults: RefusalFragment[]) => void;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Without a key nothing is noted; what failed may have been carried out.
  const isUnsure = standing === 'again' || !('idempotencyKey' in input);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div className="review">
      <div className="section-head">
        <h3 ref={heading} tabIndex={-1}>
          What will happen
        </h3>
        <CopyGraphql document={mutation} variables={{ input }} />
      </div>
      {consequences(input, judge)}
      {standing === 'first' && failure === null && <p className="dim">Nothing has been written yet.</p>}
      {standing === 'another' && (
        <Alert color="yellow" variant="outline" role="alert" title="This is another request" mb="md">
          The one before it may have been carried out: its answer was lost. This one has a key of its own, so both may
          count. Look first at what stands in the books.
        </Alert>
      )}
      {(failure !== null || standing === 'again') && (
        <Alert
          color={failure === null ? 'yellow' : 'red'}
          variant="outline"
          role="alert"
          title={isUnsure ? UNSURE : 'This did not go through'}
          mb="md"
        >
          {failure} Trying again is safe: the same request is carried out once.
        </Alert>
      )}
      <div className="form-foot">{children}</div>
    </div>
  );
}

/** What will happen, line by line; amounts that change as before and after. */
export function Consequences({ children }: { children: ReactNode }) {
  return <ul className="consequences">{children}</ul>;
}

export function Change({ what, before, after }: { what: string; before: ReactNode; after: ReactNode }) {
  return (
    <li className="change">
      <span>{what}</span>
      <span className="from">{before}</span>
      <span aria-label="becomes">→</span>
      <strong>{after}</strong>
    </li>
  );
}
