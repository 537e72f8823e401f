import { count, f32x4, i32, i32x4, Routine, v128, type Code, type Local } from './assembler.js';
import { byPart, partOf, strideOf, type Places } from './memory.js';
import { elementwise, isScalar, type Operation, type Value } from './operations.js';
import { operator } from './operators.js';
import { narrow, type Kernel } from './schedule.js';
import { acrossLanes, firstLanes, type Transcendental } from './transcendental.js';

/**
 * A function of a sweep: row by row of its part, or for own operations the one row that there is, it computes all operations
 * before it goes on. The columns of narrow rows stand in variables side by side; wide ones are gone through by a loop, after
 * which the row's own numbers are computed. What others read is stored when a row, or a step of the loop, is done, so that a
 * value may be written where the one lies that it is made of.
 *
 * @param isRead whether another kernel reads a value.
 */
export function sweep(
  { kind, operations, rows, columns }: Kernel,
  places: Places,
  isRead: (value: Value) => boolean,
  functions: Transcendental,
): Routine {
  const routine = new Routine(['i32', 'i32']);
  const [part, own] = routine.parameters as [Local, Local];
  const isLoop = columns > narrow;
  const vectors = isLoop ? [0] : Array.from({ length: Math.ceil(columns / 4) }, (_, v) => v);
  /** Bytes to the row's first number, of a matrix of the sweep's width, and of one with a number a row. */
  const [across, down, end] = [routine.local('i32'), routine.local('i32'), routine.local('i32')];
  /** In a loop over columns: bytes from the row's beginning, and the end of that. */
  const along = routine.local('i32');
  const [before, row, loop, loopStores, afterLoop, rowStores, after] = Array.from({ length: 7 }, (): Code[] => []) as [
    ...[before: Code[], row: Code[], loop: Code[], loopStores: Code[]],
    ...[afterLoop: Code[], rowStores: Code[], after: Code[]],
  ];
  const inVectors = isLoop ? loop : row;
  const inRow = isLoop ? afterLoop : row;

  const known = new Map<Value, Local[]>();
  const isVector = (value: Value) => value.columns > 1;

  /** Code of four of a value's columns: a variable or a constant. */
  function read(value: Value, v: number): Code {
    const local = (known.get(value) ?? loaded(value))?.[isVector(value) ? v : 0];
    return local ? local.get : constantOf(value);
  }

  /** Loads a value into variables, where it is no constant. */
  function loaded(value: Value): Local[] | undefined {
    if (value.constant && isScalar(value)) return undefined;
    const locals = variables(value);
    for (const [v, local] of locals.entries()) {
      const [address, offset] = addressOf(value, v);
      const isRowNumber = value.scope === 'rows' && !isVector(value);
      const where = isVector(value) ? inVectors : isRowNumber ? row : before;
      where.push(local.set(isRowNumber ? v128.loadSplat(address, offset) : v128.load(address, offset)));
    }
    return locals;
  }

  function variables(value: Value): Local[] {
    const locals = (isVector(value) ? vectors : [0]).map(() => routine.local('v128'));
    known.set(value, locals);
    return locals;
  }

  function addressOf(value: Value, v: number): [Code, number] {
    const offset = places.of(value) + 16 * v;
    const base = value.scope === 'own' ? own.get : i32.const(0);
    if (!isVector(value)) return value.scope === 'rows' ? [down.get, offset] : [base, offset];
    if (value.scope !== 'rows') return [isLoop ? i32.add(base, along.get) : base, offset];
    return [isLoop ? i32.add(across.get, along.get) : across.get, offset];
  }

  function write(value: Value): void {
    if (!isRead(value)) return;
    for (const v of isVector(value) ? vectors : [0]) {
      const [address, offset] = addressOf(value, v);
      const isRowNumber = value.scope === 'rows' && !isVector(value);
      const stores = isVector(value) && isLoop ? loopStores : rowStores;
      const put = isRowNumber ? v128.storeFirst : v128.store;
      stores.push(put(address, read(value, v), offset));
    }
  }

  /** Of the last columns those that there are, else the neutral number. */
  function withoutPadding(value: Value, v: number, neutral: number): Code {
    const x = read(value, v);
    const lanes = columns % 4;
    if (!isVector(value) || lanes === 0 || (!isLoop && v < vectors.length - 1)) return x;
    const isColumn = isLoop
      ? i32x4.less(i32x4.add(i32x4.splat(along.get), i32x4.const(0, 4, 8, 12)), i32x4.const(4 * columns))
      : firstLanes(lanes);
    return v128.select(x, f32x4.const(neutral), isColumn);
  }

  function reduce(operation: Operation): void {
    const [x] = operation.inputs as readonly [Value];
    const [output, other] = operation.outputs as readonly [Value, Value?];
    const isMax = operation.type === 'MaxOfRows' || operation.type === 'ArgMaxOfRows';
    const [combine, neutral] = isMax ? [f32x4.max, -Infinity] : [f32x4.add, 0];
    const isOfRows = other === undefined;
    const isOver = operation.type === 'SumOverRows' && isVector(x);
    if (isOver && isLoop) return sumOverRows(x, output, other!);
    const sums = isOver ? vectors.map(() => routine.local('v128')) : [routine.local('v128')];
    // A wide row is added up by itself, so that fewer sums are long.
    const isRowFirst = isLoop && isVector(x);
    (isOfRows || isRowFirst ? row : before).push(sums.map((sum) => sum.set(f32x4.const(neutral))));
    for (const v of isVector(x) ? vectors : [0]) {
      const sum = sums[isOver ? v : 0]!;
      const where = isVector(x) ? inVectors : inRow;
      where.push(sum.set(combine(sum.get, isOver ? read(x, v) : withoutPadding(x, v, neutral))));
    }
    let [sum] = sums as [Local];
    if (isRowFirst && !isOfRows) {
      const total = routine.local('v128');
      before.push(total.set(f32x4.const(neutral)));
      afterLoop.push(total.set(combine(total.get, sum.get)));
      [sum, sums[0]] = [total, total];
    }
    const together = isVector(x) && !isOver ? acrossLanes(combine, sum) : [];
    if (!isOfRows) {
      const place = byPart(part, places.of(output), places.of(other));
      after.push(
        together,
        sums.map((each, v) => v128.store(place, each.get, 16 * v)),
      );
      return;
    }
    inRow.push(together);
    known.set(output, [sum]);
    if (operation.type === 'ArgMaxOfRows') inRow.push(sum.set(firstOf(x, sum)));
    write(output);
  }

  /** The first column of a narrow row that is equal to a number; 0 where none is, which is so of NaN. */
  function firstOf(x: Value, number: Local): Code {
    if (isLoop) throw new Error('no code for the largest of a wide row');
    const bits = vectors.map((v) =>
      i32.shiftLeft(i32x4.bits(f32x4.equal(withoutPadding(x, v, NaN), number.get)), i32.const(4 * v)),
    );
    const found = routine.local('i32');
    return [
      found.set(bits.reduce((all, each) => i32.or(all, each))),
      i32x4.splat(i32.select(i32.const(0), i32.trailingZeros(found.get), i32.equalsZero(found.get))),
    ];
  }

  /** Adds wide rows up in memory. */
  function sumOverRows(x: Value, ...parts: readonly [Value, Value]): void {
    const [place, sum] = [routine.local('i32'), routine.local('v128')];
    const at = i32.add(place.get, along.get);
    before.push(
      place.set(byPart(part, ...(parts.map((value) => places.of(value)) as [number, number]))),
      along.set(i32.const(0)),
      count(along, i32.const(strideOf(columns)), 16, v128.store(at, f32x4.const(0))),
    );
    loop.push(sum.set(f32x4.add(v128.load(at), read(x, 0))));
    loopStores.push(v128.store(at, sum.get));
  }

  /** Rows of a table. */
  function gather({ inputs: [index, table], outputs: [output] }: Operation): void {
    const at = routine.local('i32');
    const bytes = i32.mul(i32x4.first(read(index!, 0)), i32.const(strideOf(table!.columns)));
    row.push(at.set(bytes));
    const locals = variables(output!);
    for (const [v, local] of locals.entries()) {
      const address = isLoop ? i32.add(at.get, along.get) : at.get;
      inVectors.push(local.set(v128.load(address, places.of(table!) + 16 * v)));
    }
    write(output!);
  }

  for (const operation of operations) {
    const [output] = operation.outputs as readonly [Value];
    if (operation.type === 'Gather') gather(operation);
    else if (!elementwise.has(operation.type)) reduce(operation);
    else {
      const sources = (v: number) => operation.inputs.map((value) => read(value, v));
      const all = (isVector(output) ? vectors : [0]).map((v) => operator(operation, sources(v), functions));
      const locals = variables(output);
      (isVector(output) ? inVectors : inRow).push(all.map((value, v) => locals[v]!.set(value)));
      write(output);
    }
  }

  const stride = strideOf(columns);
  const columnLoop = isLoop && loop.length > 0;
  const wholeRow = [
    row,
    columnLoop ? [along.set(i32.const(0)), count(along, i32.const(stride), 16, [loop, loopStores])] : [],
    ...[afterLoop, rowStores],
  ];
  const [from, to] = partOf(rows);
  routine.body =
    kind === 'own'
      ? [before, wholeRow, after]
      : [
          across.set(byPart(part, 0, from * stride)),
          down.set(byPart(part, 0, 4 * from)),
          end.set(byPart(part, 4 * from, 4 * to)),
          before,
          count(down, end.get, 4, [wholeRow, across.set(i32.add(across.get, i32.const(stride)))]),
          after,
        ];
  return routine;
}

function constantOf({ constant, type }: Value): Code {
  const { bytes } = constant!;
  if (type === 'bool') return i32x4.const(bytes[0] ? -1 : 0);
  return v128.const(new Uint8Array(16).map((_, i) => bytes[i % bytes.length]!));
}
