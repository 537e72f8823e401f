/** Where a run is between two calls of the engine: with the engine's state, all that the rows to come depend on. */
export interface Position {
  /** Steps taken. */
  readonly step: number;
  /** Sums of the mini-batches' losses and of α over the epoch so far. */
  readonly lossSum: number;
  readonly alphaSum: number;
  /** The figures of an epoch's last step, whose row has yet to come: it waits for the validation. */
  readonly due: { readonly loss: number; readonly alpha: number } | undefined;
  /** Seconds since training began. */
  readonly seconds: number;
  /** The state of the stream of sample orders before it draws that of the next step's epoch. */
  readonly order: Uint32Array;
}

/** An epoch that begins. */
export const epochStart = { step: 0, lossSum: 0, alphaSum: 0, due: undefined, seconds: 0 } as const;
