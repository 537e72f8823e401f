import { f32x4, f64x2, i32x4, i64x2, Routine, v128, type Code, type Module } from './assembler.js';

/** Functions of four floats, computed in float64, so that what is left is one rounding to float32. */
export interface Transcendental {
  readonly exp: (x: Code) => Code;
  readonly log: (x: Code) => Code;
  /** x to the power of y, x ≥ 0. */
  readonly pow: (x: Code, y: Code) => Code;
  /** The same of one float four times over. */
  readonly alike: Pick<Transcendental, 'exp' | 'log' | 'pow'>;
  /** Of two float64. */
  readonly exp64: (x: Code) => Code;
}

/** @param double code of two copies of a float64, which is not to take long: V8 builds a constant in three or four instructions. */
export function transcendental(module: Module, double: (value: number) => Code): Transcendental {
  const exp64 = (routine: Routine, x: Code) => expOf(routine, x, double);
  const log64 = (routine: Routine, x: Code) => logOf(routine, x, double);
  const scalar = new Routine(['v128'], 'v128');
  scalar.body = exp64(scalar, scalar.parameters[0]!.get);
  const pow64 = (routine: Routine, x: Code, y: Code) => exp64(routine, f64x2.mul(y, log64(routine, x)));
  const functions = (areAlike: boolean) => ({
    exp: module.add(ofFloats(1, areAlike, (routine, x) => exp64(routine, x))),
    log: module.add(ofFloats(1, areAlike, (routine, x) => log64(routine, x))),
    pow: module.add(ofFloats(2, areAlike, (routine, x, y) => pow64(routine, x, y))),
  });
  return { ...functions(false), alike: functions(true), exp64: module.add(scalar) };
}

/** A function of two float64 as one of four float32, which may all be the same. */
function ofFloats(operands: number, areAlike: boolean, f: (routine: Routine, ...x: Code[]) => Code): Routine {
  const routine = new Routine(Array<'v128'>(operands).fill('v128'), 'v128');
  const xs = routine.parameters.map(({ get }) => get);
  const low = f(routine, ...xs.map((x) => f64x2.fromFloat(x)));
  if (areAlike) {
    routine.body = v128.shuffle(f32x4.fromDouble(low), f32x4.const(0), [0, 1, 0, 1]);
    return routine;
  }
  const high = f(routine, ...xs.map((x) => f64x2.fromFloat(v128.shuffle(x, x, [2, 3, 2, 3]))));
  routine.body = v128.shuffle(f32x4.fromDouble(low), f32x4.fromDouble(high), [0, 1, 4, 5]);
  return routine;
}

/** Added to an integer of less than 2^51, it leaves that in the lowest bits. */
const toBits = 1.5 * 2 ** 52;

/**
 * eˣ = 2ᵏ·eʳ with |r| ≤ ln 2/2, where the Taylor polynomial of degree 11 is 7e-15 off. Beyond ±708 it is that of ±708, which
 * in float32 is infinite or zero.
 */
function expOf(routine: Routine, operand: Code, double: (value: number) => Code): Code {
  const [x, k, r] = [routine.local('v128'), routine.local('v128'), routine.local('v128')];
  const square = routine.local('v128');
  const coefficients = [1];
  for (let n = 1; n < 12; n++) coefficients.push(coefficients[n - 1]! / n);
  const polynomial = inPairs(coefficients.map(double), r.get, square.get);
  const exponent = i64x2.shiftLeft(f64x2.add(k.get, double(toBits)), [0x41, 52]);
  return [
    x.set(f64x2.max(f64x2.min(operand, double(708)), double(-708))),
    k.set(f64x2.nearest(f64x2.mul(x.get, double(Math.LOG2E)))),
    r.set(f64x2.sub(x.get, f64x2.mul(k.get, double(Math.LN2)))),
    square.set(f64x2.mul(r.get, r.get)),
    i64x2.add(polynomial, exponent),
  ];
}

/** log x = e·ln 2 + log m with m in [√½, √2]: log m = 2·artanh s, s = (m − 1)/(m + 1), whose series is 2e-13 off. */
function logOf(routine: Routine, operand: Code, double: (value: number) => Code): Code {
  const [x, e, m] = [routine.local('v128'), routine.local('v128'), routine.local('v128')];
  const [s, square, fourth] = [routine.local('v128'), routine.local('v128'), routine.local('v128')];
  const coefficients = [1, 3, 5, 7, 9, 11, 13, 15].map((n) => double(1 / n));
  const series = inPairs(coefficients, square.get, fourth.get);
  const bits = (value: number) => new BigInt64Array(Float64Array.of(value).buffer)[0]!;
  const isAbove = f64x2.greater(m.get, double(Math.SQRT2));
  const biased = v128.or(i64x2.shiftRight(x.get, [0x41, 52]), i64x2.const(bits(2 ** 52)));
  const finite = f64x2.add(f64x2.mul(e.get, double(Math.LN2)), f64x2.mul(f64x2.mul(series, s.get), double(2)));
  const orElse = (condition: Code, value: number, other: Code) => v128.select(double(value), other, condition);
  return [
    x.set(operand),
    e.set(f64x2.sub(biased, double(2 ** 52 + 1023))),
    m.set(v128.or(v128.and(x.get, i64x2.const((1n << 52n) - 1n)), double(1))),
    e.set(f64x2.add(e.get, v128.and(isAbove, double(1)))),
    m.set(f64x2.mul(m.get, orElse(isAbove, 0.5, double(1)))),
    s.set(f64x2.div(f64x2.sub(m.get, double(1)), f64x2.add(m.get, double(1)))),
    square.set(f64x2.mul(s.get, s.get)),
    fourth.set(f64x2.mul(square.get, square.get)),
    orElse(
      f64x2.equal(x.get, double(0)),
      -Infinity,
      v128.select(
        finite,
        // Infinity stays, NaN and what has no logarithm becomes NaN.
        orElse(f64x2.equal(x.get, double(Infinity)), Infinity, double(NaN)),
        v128.and(f64x2.greater(x.get, double(0)), f64x2.less(x.get, double(Infinity))),
      ),
    ),
  ];
}

/** The sum or the maximum of the four lanes, in each of them; `x` is set to it. */
export function acrossLanes(combine: typeof f32x4.add, x: { readonly get: Code; set(value: Code): Code }): Code {
  return [
    x.set(combine(x.get, v128.shuffle(x.get, x.get, [2, 3, 0, 1]))),
    x.set(combine(x.get, v128.shuffle(x.get, x.get, [1, 0, 3, 2]))),
  ];
}

/** c₀ + c₁x + c₂x² + …, two terms at a time: half as long a chain as one at a time. */
function inPairs(coefficients: readonly Code[], x: Code, square: Code): Code {
  const [c0 = [], c1 = [], ...rest] = coefficients;
  const pair = f64x2.add(c0, f64x2.mul(c1, x));
  return rest.length > 0 ? f64x2.add(pair, f64x2.mul(square, inPairs(rest, x, square))) : pair;
}

/** All bits of the first lanes. */
export function firstLanes(lanes: number): Code {
  return i32x4.const(...[0, 1, 2, 3].map((lane) => (lane < lanes ? -1 : 0)));
}
