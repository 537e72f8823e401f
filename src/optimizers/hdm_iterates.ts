/** A function to minimise, whole, in float64. */
export interface Objective {
  value(x: Float64Array): number;
  /** ∇f(x), of x's length. */
  gradient(x: Float64Array): Float64Array;
}

/** One number for all coordinates, or one for each. */
export type Extent = 'scalar' | 'diagonal';

export interface HDMIteratesOptions {
  /** Whether the rate P is one number or one for each coordinate. Default `diagonal`. */
  readonly rate?: Extent;
  /** The same for the momentum β. Default `scalar`. */
  readonly momentum?: Extent;
  /** L, the gradient's Lipschitz constant, where it is known; else it is estimated on the way. */
  readonly smoothness?: number;
  /** Keeps P within [0, 1e10/L], for which L must be known. Default: whether it is. */
  readonly convex?: boolean;
  /** AdaGrad's learning rate of P. Default 10/L (not convex: 2/L), and 0.1 while L is not known. */
  readonly rateLr?: number;
  /** AdaGrad's learning rate of β. Default 1. */
  readonly momentumLr?: number;
  /** Steps forward, a refused one counting −2, after which L is estimated anew. Default 200. */
  readonly patience?: number;
}

/** Where the method stands. */
export interface HDMIterate {
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  /** P and β: one number, or one for each coordinate. */
  readonly rate: Float64Array;
  readonly momentum: Float64Array;
}

/**
 * HDM for a whole objective, iterate by iterate, from the start on and without end:
 *
 *     x̂ = x − P∘∇f(x) + β∘(x − x_old)
 *     P −= η·r/√Σr²       r = −∇f(x̂)∘∇f(x)/n          (scalar: ⟨∇f(x̂), ∇f(x)⟩)
 *     β −= η_β·m/√Σm²     m = ∇f(x̂)∘(x − x_old)/n     (scalar: ⟨∇f(x̂), x − x_old⟩)
 *     x ← x̂ only where f(x̂) < f(x)
 *
 * n is ‖∇f(x)‖² + 1e-12 until L is estimated, then ‖∇f(x)‖² + ‖x − x_old‖²·L²/4. Each iteration takes one value and one
 * gradient.
 *
 * Chu, Gao, Ye and Udell, "Provable and Practical Online Learning Rate Adaptation with Hypergradient Descent", ICML 2025,
 * as in the authors' program (github.com/udellgroup/hypergrad), whose defaults these are.
 */
export function* hdmIterates(
  objective: Objective,
  start: Float64Array,
  options: HDMIteratesOptions = {},
): Generator<HDMIterate, never> {
  const { rate: rateExtent = 'diagonal', momentum: momentumExtent = 'scalar', smoothness, patience = 200 } = options;
  const { convex = smoothness !== undefined, momentumLr = 1 } = options;
  let firstLr = options.rateLr ?? (smoothness === undefined ? 0.1 : (convex ? 10 : 2) / smoothness);
  let lr = firstLr;
  let L = smoothness ?? Infinity;
  let estimated = false;
  let forward = 0;
  const curvatures: number[] = [];

  const length = (extent: Extent) => (extent === 'scalar' ? 1 : start.length);
  const P = new Float64Array(length(rateExtent));
  const sumP = new Float64Array(P.length);
  const beta = new Float64Array(length(momentumExtent)).fill(0.95);
  const sumBeta = new Float64Array(beta.length).fill(momentumExtent === 'scalar' ? 0 : 1e-4);

  let [x, old] = [start, start];
  let [value, gradient] = [objective.value(x), objective.gradient(x)];
  for (let iteration = 1; ; iteration++) {
    yield { x: x.slice(), value, gradient: gradient.slice(), rate: P.slice(), momentum: beta.slice() };

    const step = minus(x, old);
    const next = x.map((xi, i) => xi - at(P, i) * gradient[i]! + at(beta, i) * step[i]!);
    const [nextValue, nextGradient] = [objective.value(next), objective.gradient(next)];
    const n = dot(gradient, gradient) + (estimated ? 0.25 * dot(step, step) * L ** 2 : 1e-12);
    adagrad(P, sumP, product(nextGradient, gradient, P.length, -1 / n), lr);
    if (convex) clip(P, 0, 1e10 / L);
    adagrad(beta, sumBeta, product(nextGradient, step, beta.length, 1 / n), momentumLr);
    clip(beta, 0, 0.9995);

    if (iteration % 50 === 49 && !estimated) {
      lr = convex ? Math.max(lr * 0.8, firstLr * 1e-3) : Math.max(lr * 0.05, firstLr * 1e-2);
    }
    old = x;
    if (nextValue < value) {
      const distance = norm(minus(next, x));
      if (distance > 1e-3) curvatures.push(norm(minus(nextGradient, gradient)) / distance);
      [x, value, gradient] = [next, nextValue, nextGradient];
      forward += 1;
    } else {
      forward = Math.max(0, forward - 2);
    }
    if (forward > patience && !estimated && curvatures.length > 0) {
      L = curvatures.reduce((total, curvature) => total + curvature, 0) / curvatures.length;
      lr = firstLr = 1 / L;
      sumP.fill(0);
      estimated = true;
    }
  }
}

/** values −= lr·g/√Σg². */
function adagrad(values: Float64Array, sum: Float64Array, g: Float64Array, lr: number): void {
  for (const [i, gi] of g.entries()) {
    sum[i]! += gi ** 2;
    values[i]! -= (lr * gi) / (Math.sqrt(sum[i]!) + 1e-12);
  }
}

function clip(values: Float64Array, least: number, most: number): void {
  for (const [i, value] of values.entries()) values[i] = Math.min(Math.max(value, least), most);
}

/** factor·a∘b, or where one number is asked for factor·⟨a, b⟩. */
function product(a: Float64Array, b: Float64Array, length: number, factor: number): Float64Array {
  return length === 1 ? Float64Array.of(factor * dot(a, b)) : a.map((ai, i) => ai * b[i]! * factor);
}

function at(values: Float64Array, i: number): number {
  return values.length === 1 ? values[0]! : values[i]!;
}

function minus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((ai, i) => ai - b[i]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((total, ai, i) => total + ai * b[i]!, 0);
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
