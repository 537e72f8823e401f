import { f32x4, f64x2, i32x4, v128, type Code } from './assembler.js';
import type { Operation } from './operations.js';
import type { Transcendental } from './transcendental.js';

/**
 * An element-wise operation on four numbers at a time: float32 and int32 fill the four lanes, of bool a lane's bits are all
 * the same, and of a float64 there are two copies.
 *
 * @param read code that can be repeated: it reads a local variable or is a constant.
 */
export function operator(
  { type, inputs, outputs: [output] }: Operation,
  read: readonly Code[],
  functions: Transcendental,
): Code {
  const { exp, log, pow } = output!.columns === 1 ? functions.alike : functions;
  const [x = [], y = [], z = []] = read;
  const element = inputs[0]!.type;
  const isDouble = element === 'float64';
  const of = isDouble ? f64x2 : f32x4;
  switch (type) {
    case 'Add':
      return of.add(x, y);
    case 'Sub':
      return of.sub(x, y);
    case 'Mul':
      return of.mul(x, y);
    case 'Div':
      return of.div(x, y);
    case 'Neg':
      return of.neg(x);
    case 'Exp':
      return isDouble ? functions.exp64(x) : exp(x);
    case 'Abs':
      return f32x4.abs(x);
    case 'Log':
      return log(x);
    case 'Max':
      return f32x4.max(x, y);
    case 'Min':
      return f32x4.min(x, y);
    case 'Pow':
      return pow(x, y);
    case 'Reciprocal':
      return f32x4.div(f32x4.const(1), x);
    case 'Relu':
      return f32x4.max(x, f32x4.const(0));
    case 'Sqrt':
      return f32x4.sqrt(x);
    case 'Equal':
      return element === 'float32' ? f32x4.equal(x, y) : i32x4.equal(x, y);
    case 'Greater':
      return f32x4.greater(x, y);
    case 'GreaterOrEqual':
      return f32x4.greaterOrEqual(x, y);
    case 'Less':
      return f32x4.less(x, y);
    case 'LessOrEqual':
      return f32x4.lessOrEqual(x, y);
    case 'And':
      return v128.and(x, y);
    case 'Or':
      return v128.or(x, y);
    case 'Not':
      return v128.not(x);
    case 'Where':
      return v128.select(y, z, x);
    case 'Copy':
      return x;
    case 'Cast':
      return cast(x, element, output!.type);
    default:
      throw new Error(`no code for ${type}`);
  }
}

function cast(x: Code, from: string, to: string): Code {
  if (from === to) return x;
  switch (`${from} to ${to}`) {
    case 'bool to float32':
      return v128.and(x, f32x4.const(1));
    case 'int32 to float32':
      return f32x4.fromInt(x);
    case 'float32 to float64':
      return f64x2.fromFloat(x);
    case 'float64 to float32':
      return v128.shuffle(f32x4.fromDouble(x), x, [0, 0, 0, 0]);
    default:
      throw new Error(`no code for a cast from ${from} to ${to}`);
  }
}
