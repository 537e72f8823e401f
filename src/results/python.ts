/**
 * `repr(x)` of Python: the shortest decimal that reads back as `x`, such as `0.001`, `1e-07`, `1.0`, `1e+16`, `nan`.
 */
export function pythonFloat(x: number): string {
  if (!Number.isFinite(x)) return notFinite(x);
  const size = Math.abs(x);
  if (size >= 1e16 || (size < 1e-4 && size > 0)) return wideExponent(x.toExponential());
  if (Number.isInteger(x)) return Object.is(x, -0) ? '-0.0' : `${x}.0`;
  return String(x);
}

/**
 * `'{:+.0e}'.format(x)` of Python: one digit and a signed exponent, such as `+1e-03`. Ties go to the even digit.
 */
export function pythonExponent(x: number): string {
  const sign = x < 0 || Object.is(x, -0) ? '-' : '+';
  const size = Math.abs(x);
  if (!Number.isFinite(x)) return sign + notFinite(size);
  // toExponential(0) takes ties up. A double within 40 digits of a tie is a tie: it has 53 bits.
  const exact = size.toExponential(40);
  const tieAfterEvenDigit = /^[02468]\.50*e/.test(exact);
  return sign + wideExponent(tieAfterEvenDigit ? exact.replace(/\.\d+/, '') : size.toExponential(0));
}

function notFinite(x: number): string {
  if (Number.isNaN(x)) return 'nan';
  return x > 0 ? 'inf' : '-inf';
}

/** JavaScript writes `1e-7`, Python `1e-07`. */
function wideExponent(text: string): string {
  const digit = text.length - 1;
  return text[digit - 2] === 'e' ? `${text.slice(0, digit)}0${text[digit]}` : text;
}
