import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/cli/suggestion.js';

const methods = ['sgd', 'sgd_hd', 'sgdn', 'sgdn_hd', 'adam', 'adam_hd'];
const options = ['--beta', '--batchSize', '--epochs', '--iterations', '--alpha_0', '--lossThreshold', '--method'];

describe('nearest', () => {
  it.each([
    ['AdamHD', 'adam_hd'],
    ['adam-hd', 'adam_hd'],
    ['SGDN_HD', 'sgdn_hd'],
    ['ADAM', 'adam'],
    ['adma', 'adam'],
    ['sdg', 'sgd'],
    ['rmsprop', undefined],
    ['', undefined],
    ['-', undefined],
  ])('of the methods, %j means %s', (given, meant) => {
    expect(nearest(given, methods)).toBe(meant);
  });

  it.each([
    ['--batch-size', '--batchSize'],
    ['--batch_size', '--batchSize'],
    ['--iter', '--iterations'],
    ['--alpha0', '--alpha_0'],
    ['--methd', '--method'],
    ['-epochs', '--epochs'],
    ['--loss', '--lossThreshold'],
    // As well the beginning of --beta as of --batchSize.
    ['--b', undefined],
    ['--learning', undefined],
  ])('of the options, %j means %s', (given, meant) => {
    expect(nearest(given, options)).toBe(meant);
  });
});
