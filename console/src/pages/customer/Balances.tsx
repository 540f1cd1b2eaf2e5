import type { Subject } from '../../actions/subject';
import { grouped, inMainUnit, isZero, type Unit } from '../../lib/decimal';

/** More characters than have their place in a card in large letters. */
const LONG = 12;

/** One card for each credit type; the one that is picked is what the chart shows. */
export function Balances({
  balances,
  current,
  pick,
}: {
  balances: Subject['balances'];
  current: string;
  pick: (id: string) => void;
}) {
  return (
    <div className="cards" role="group" aria-label="Balances">
      {balances.map((balance) => {
        const { creditType: unit } = balance;
        const main = inMainUnit(balance.available, unit);
        return (
          <button
            type="button"
            key={unit.id}
            className="card"
            aria-pressed={unit.id === current}
            onClick={() => pick(unit.id)}
          >
            <span className="card-unit">{unit.name}</span>
            <span className="card-main">
              <span className={balance.available.length > LONG ? 'amount long' : 'amount'}>{grouped(balance.available)}</span>
              <span className="card-word">available</span>
            </span>
            <span className="card-sub">{main === null ? '\u00a0' : `= ${main}`}</span>
            <span className="card-rest">
              <Part word="Held" value={balance.held} unit={unit} />
              <Part word="Scheduled" value={balance.scheduled} unit={unit} />
              <Part word="Expires in 30 days" value={balance.expiring} unit={unit} warn />
            </span>
          </button>
        );
      })}
    </div>
  );
}

function Part({ word, value, unit, warn = false }: { word: string; value: string; unit: Unit; warn?: boolean }) {
  const tone = isZero(value) ? 'zero' : warn ? 'warn' : '';
  return (
    <span className={`card-part ${tone}`} title={inMainUnit(value, unit) ?? undefined}>
      <span>{word}</span>
      <span className="amount">{grouped(value)}</span>
    </span>
  );
}
