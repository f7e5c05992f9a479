/** Times for people. */
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** How long ago a time was, such as `5 min. ago`; a date if that was more than a week ago. */
export function age(moment) {
  const then = new Date(moment);
  const seconds = (Date.now() - then) / 1000;
  if (seconds > 7 * 86_400) return then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
  for (const [unit, length] of UNITS)
    if (seconds >= length) return relative.format(-Math.floor(seconds / length), unit);
  return 'just now';
}
