import { count, f32x4, i32, Routine, v128, whileLess, type Code, type Local } from './assembler.js';
import { byPart, partOf, strideOf, type Places } from './memory.js';
import type { Operation, Value } from './operations.js';
import { acrossLanes, firstLanes } from './transcendental.js';

/*
 * Products of matrices. The tiles are as large as leaves everything in V8's 15 registers, 8 sums and 6 operands; a body
 * that is unrolled further is spilled to the stack, and takes twice as long.
 */

/** A function of a product. */
export function product(operation: Operation, places: Places): Routine {
  const [isFirstTransposed, isSecondTransposed] = operation.transposed!;
  const routine = new Routine(['i32', 'i32']);
  if (isSecondTransposed) dots(routine, operation, places);
  else outer(routine, operation, isFirstTransposed, places);
  return routine;
}

/** A·Bᵀ + c: numbers of a row of A times those of a row of B; each part has its rows of A. */
function dots(routine: Routine, { inputs: [a, b, bias], outputs: [out] }: Operation, places: Places): void {
  const [part, own] = routine.parameters as [Local, Local];
  const [aRow, outRow, end] = [routine.local('i32'), routine.local('i32'), routine.local('i32')];
  const [bRow, column] = [routine.local('i32'), routine.local('i32')];
  const [along, whole] = [routine.local('i32'), 16 * Math.floor(a!.columns / 4)];
  const [inputStride, outStride] = [strideOf(a!.columns), strideOf(out!.columns)];
  const left = a!.columns % 4;

  const tile = (m: number, n: number): Code => {
    const xs = Array.from({ length: m }, () => routine.local('v128'));
    const ys = Array.from({ length: n }, () => routine.local('v128'));
    const sums = xs.map(() => ys.map(() => routine.local('v128')));
    const load = (masked: (x: Code) => Code): Code => [
      xs.map((x, i) => x.set(masked(v128.load(i32.add(aRow.get, along.get), places.of(a!) + i * inputStride)))),
      ys.map((y, j) => y.set(masked(v128.load(i32.add(bRow.get, along.get), places.of(b!) + j * inputStride)))),
    ];
    const multiply = xs.map((x, i) => ys.map((y, j) => added(sums[i]![j]!, x, y)));
    const biased = (sum: Local, j: number) =>
      bias ? f32x4.add(sum.get, v128.loadSplat(i32.add(own.get, column.get), places.of(bias) + 4 * j)) : sum.get;
    return [
      sums.flat().map((sum) => sum.set(f32x4.const(0))),
      along.set(i32.const(0)),
      count(along, i32.const(whole), 16, [load((x) => x), multiply]),
      left > 0 ? [load((x) => v128.and(x, firstLanes(left))), multiply] : [],
      sums.flat().map((sum) => acrossLanes(f32x4.add, sum)),
      sums.map((ofRow, i) =>
        ofRow.map((sum, j) =>
          v128.storeFirst(i32.add(outRow.get, column.get), biased(sum, j), places.of(out!) + i * outStride + 4 * j),
        ),
      ),
      column.set(i32.add(column.get, i32.const(4 * n))),
      bRow.set(i32.add(bRow.get, i32.const(n * inputStride))),
    ];
  };
  const columns = out!.columns;
  const rowsOf = (m: number): Code => [
    column.set(i32.const(0)),
    bRow.set(i32.const(0)),
    whileLess(column, i32.const(4 * (columns - (columns % 2))), tile(m, 2)),
    columns % 2 > 0 ? tile(m, 1) : [],
    outRow.set(i32.add(outRow.get, i32.const(m * outStride))),
    aRow.set(i32.add(aRow.get, i32.const(m * inputStride))),
  ];
  const [from, to] = partOf(a!.rows);
  const stride = i32.const(outStride);
  routine.body = [
    aRow.set(byPart(part, 0, from * inputStride)),
    outRow.set(byPart(part, 0, from * outStride)),
    end.set(byPart(part, from * outStride, to * outStride)),
    whileLess(outRow, i32.sub(end.get, i32.mul(stride, i32.const(3))), rowsOf(4)),
    whileLess(outRow, end.get, rowsOf(1)),
  ];
}

/**
 * A·B or Aᵀ·B: each number of A times a row of B. Of A·B each part has its rows of A; of Aᵀ·B it adds up over its rows of
 * both.
 */
function outer(routine: Routine, { inputs: [a, b], outputs }: Operation, isTransposed: boolean, places: Places): void {
  const [part] = routine.parameters as [Local];
  const [out] = outputs as readonly [Value];
  const [aFrom, bRow, bEnd] = [routine.local('i32'), routine.local('i32'), routine.local('i32')];
  const [aAt, bAt] = [routine.local('i32'), routine.local('i32')];
  /** Bytes to the row of the result, and to its column. */
  const [row, rowEnd, column] = [routine.local('i32'), routine.local('i32'), routine.local('i32')];
  const result = routine.local('i32');
  const [aStride, bStride, outStride] = [strideOf(a!.columns), strideOf(b!.columns), strideOf(out.columns)];
  /** Bytes from one number of A to the next, of those that are added up, and of those beside them. */
  const [inner, beside] = isTransposed ? [aStride, 4] : [4, aStride];

  const tile = (m: number, n: number): Code => {
    const xs = Array.from({ length: m }, () => routine.local('v128'));
    const ys = Array.from({ length: n }, () => routine.local('v128'));
    const sums = xs.map(() => ys.map(() => routine.local('v128')));
    return [
      sums.flat().map((sum) => sum.set(f32x4.const(0))),
      aAt.set(aFrom.get),
      bAt.set(bRow.get),
      count(bAt, bEnd.get, bStride, [
        ys.map((y, j) => y.set(v128.load(i32.add(bAt.get, column.get), places.of(b!) + 16 * j))),
        xs.map((x, i) => x.set(v128.loadSplat(aAt.get, places.of(a!) + i * beside))),
        xs.map((x, i) => ys.map((y, j) => added(sums[i]![j]!, x, y))),
        aAt.set(i32.add(aAt.get, i32.const(inner))),
      ]),
      sums.map((ofRow, i) =>
        ofRow.map((sum, j) =>
          v128.store(i32.add(i32.add(result.get, row.get), column.get), sum.get, i * outStride + 16 * j),
        ),
      ),
      row.set(i32.add(row.get, i32.const(m * outStride))),
      aFrom.set(i32.add(aFrom.get, i32.const(m * beside))),
    ];
  };
  const [half, all] = partOf(isTransposed ? b!.rows : a!.rows);
  const rows = (n: number): Code => [
    isTransposed
      ? [
          ...[row.set(i32.const(0)), rowEnd.set(i32.const(out.rows * outStride))],
          aFrom.set(byPart(part, 0, half * aStride)),
        ]
      : [
          row.set(byPart(part, 0, half * outStride)),
          rowEnd.set(byPart(part, half * outStride, all * outStride)),
          aFrom.set(byPart(part, 0, half * aStride)),
        ],
    whileLess(row, i32.sub(rowEnd.get, i32.const(outStride)), tile(2, n)),
    whileLess(row, rowEnd.get, tile(1, n)),
    column.set(i32.add(column.get, i32.const(16 * n))),
  ];
  const vectors = outStride / 16;
  routine.body = [
    bRow.set(isTransposed ? byPart(part, 0, half * bStride) : i32.const(0)),
    bEnd.set(isTransposed ? byPart(part, half * bStride, all * bStride) : i32.const(b!.rows * bStride)),
    result.set(byPart(part, places.of(out), places.of(outputs[1] ?? out))),
    column.set(i32.const(0)),
    whileLess(column, i32.const(64 * Math.floor(vectors / 4)), rows(4)),
    whileLess(column, i32.const(16 * vectors), rows(1)),
  ];
}

function added(sum: Local, x: Local, y: Local): Code {
  return sum.set(f32x4.add(sum.get, f32x4.mul(x.get, y.get)));
}
