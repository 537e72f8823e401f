/** The columns of a results file, in the reference's order. */
export const columns = [
  'Epoch',
  'Iteration',
  'Time',
  'Loss',
  'LossEpoch',
  'ValidLossEpoch',
  'Alpha',
  'AlphaEpoch',
  'Beta',
] as const;

/** One iteration of a run. The epoch's figures are NaN in all rows but the last of an epoch, and row 0. */
export interface Row {
  readonly epoch: number;
  readonly iteration: number;
  /** Seconds since training began. */
  readonly time: number;
  /** Mean cross-entropy of the mini-batch, before the step. */
  readonly loss: number;
  readonly lossEpoch: number;
  readonly validLossEpoch: number;
  /** The learning rate α after the step. */
  readonly alpha: number;
  readonly alphaEpoch: number;
  readonly beta: number;
  /** Share of the test images that are classified right, where `validLossEpoch` is due. A results file does not hold it. */
  readonly validAccuracy?: number;
}
