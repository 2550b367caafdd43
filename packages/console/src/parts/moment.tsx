const ABSOLUTE = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

export const formatTime = (time: string): string => ABSOLUTE.format(new Date(time));

/** How far a time is from now: "in 3 days", "2 hours ago". */
export function formatDistance(time: string, now = Date.now()): string {
  const distance = Date.parse(time) - now;
  const [unit, size] = UNITS.find(([, one]) => Math.abs(distance) >= one) ?? ['second', 1000];
  return RELATIVE.format(Math.round(distance / size), unit);
}

interface MomentProps {
  /** RFC 3339. */
  readonly time: string;
  readonly relative?: boolean;
}

/** A time; the exact one is in its title. */
export function Moment({ time, relative = false }: MomentProps) {
  return (
    <time dateTime={time} title={relative ? formatTime(time) : time}>
      {relative ? formatDistance(time) : formatTime(time)}
    </time>
  );
}
