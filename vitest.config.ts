import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // The engines use native threads and own memory: a process for each test file.
    pool: 'forks',
    maxWorkers: 2,
  },
});
